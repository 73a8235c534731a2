"""What is said about a prepared or forgotten host: never more than was seen."""

from __future__ import annotations

import pytest

from cli import host_output
from playbooks.forget import Forgotten
from playbooks.plan import Outcome
from playbooks.prepare import Prepared
from playbooks.proof import Proof

DONE = Outcome((), {}, {})


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_a_host_whose_account_does_not_work_is_not_called_prepared(capsys: pytest.CaptureFixture[str]) -> None:
    host_output.prepared(Prepared("web", DONE, {}, (Proof("a new login", False, "nobody"),)))
    assert "web is NOT prepared" in said(capsys)
    host_output.prepared(Prepared("web", Outcome((), {"web": "Task: why"}, {}), {}, ()))
    out = said(capsys)
    assert "web is NOT prepared" in out
    assert "Task: why" in out
    host_output.prepared(Prepared("web", DONE, {"/a": "00"}, (Proof("a new login", True, "it is holdfast"),)))
    assert "web is prepared" in said(capsys)


def test_a_host_is_forgotten_only_when_all_of_it_was_seen_to_be_gone(capsys: pytest.CaptureFixture[str]) -> None:
    for holds, words in ((True, "is forgotten"), (None, "NOT SEEN: its files are gone"), (False, "is NOT forgotten")):
        host_output.forgotten(Forgotten("web", DONE, (Proof("its files are gone", holds, "x"),)))
        out = said(capsys)
        assert words in out
        assert ("is forgotten" in out) == (holds is True)


def test_whoever_agrees_was_told_what_the_account_may_do(capsys: pytest.CaptureFixture[str]) -> None:
    host_output.warn_of_rights("web", hardening=False)
    told = capsys.readouterr().err
    assert "can read and replace every file" in told
    assert "IS ROOT" not in told
    host_output.warn_of_rights("web", hardening=True)
    assert "THE ACCOUNT IS ROOT on web" in capsys.readouterr().err
    host_output.warn_of_detached("web")
    assert "nobody can look" in capsys.readouterr().err
