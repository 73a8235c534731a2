from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli import app
from inventory.errors import ExitCode
from ledger import outbox
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock


def test_messages_are_listed_and_what_was_given_up_is_tried_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app.run(["init", str(tmp_path / "site")])
    monkeypatch.setenv("HOLDFAST_SITE", str(tmp_path / "site"))
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    ledger = Ledger.open(tmp_path / "state", FakeClock(), "watch")
    outbox.put(ledger, "i-1 opened", "mail", {"subject": "x"})
    capsys.readouterr()
    assert app.run(["ledger", "outbox", "list", "--json"]) == ExitCode.DONE
    (message,) = json.loads(capsys.readouterr().out)
    assert (message["key"], message["state"], message["attempts"]) == ("i-1 opened", "waiting", 0)
    assert app.run(["ledger", "outbox", "retry", "i-1 opened"]) == ExitCode.USAGE
    monkeypatch.setattr(outbox, "MOST_ATTEMPTS", 1)
    taken = outbox.claim(ledger, outbox.due(ledger)[0])
    assert taken is not None
    outbox.failed(ledger, taken, "550 \x1b[2J no such mailbox")
    capsys.readouterr()
    assert app.run(["ledger", "outbox", "list", "--state", "dead"]) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert "no such mailbox" in said
    assert "\x1b" not in said
    assert app.run(["ledger", "outbox", "retry", "i-1 opened"]) == ExitCode.DONE
    assert "will be sent anew over mail" in capsys.readouterr().out
    assert app.run(["ledger", "outbox", "list"]) == ExitCode.DONE
