from __future__ import annotations

from pathlib import Path

import pytest

from cli import incident_output
from cli.context import Context
from incident import acts
from inventory.errors import ExitCode
from ledger.ledger import Ledger


def test_the_next_command_stands_on_a_line_of_its_own_with_the_reason_under_it(
    ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "holdfast.yml").write_text("site: x\n")
    here = Context(tmp_path)
    here.__dict__["ledger"] = ledger
    incident = acts.open_incident(ledger, "t", [], ["edoc"], {})
    assert incident_output.following(here, incident) == ExitCode.DONE
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"next: holdfast incident ack {incident.id}"
    assert second.strip()
