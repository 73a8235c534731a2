"""`holdfast harden rollback`, as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import output
from tests.cli.test_harden_commands import run, site, write_people
from tests.playbooks import hosts

__all__ = ["site"]


@pytest.mark.ansible
def test_rollback_shows_what_it_puts_back_asks_does_it_and_reads_the_host_again(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = run(capsys, "apply", "--yes")
    run_name = out.partition("holdfast harden rollback ")[2].split()[0]
    code, _, err = run(capsys, "rollback", run_name, "--control", "HF-SSH-001")
    assert code == 4, "a plan is shown and a yes is wanted"
    assert "-PermitRootLogin prohibit-password" in err
    assert f"holdfast harden rollback {run_name} --yes" in err
    monkeypatch.setattr(output, "confirm", lambda question: question == "Put back 1 change?")
    code, out, _ = run(capsys, "rollback", run_name, "--control", "HF-SSH-001")
    assert code == 0
    assert "1 change on 1 host put back" in out
    assert "HF-SSH-001" in out, "the hosts are read again"
    hosts.put(site.parent / "doc-1", "/etc/login.defs", "# mine\n")
    code, out, err = run(capsys, "rollback", run_name, "--yes")
    assert code == 4
    assert "doc-1: /etc/login.defs: somebody changed it since" in err


def test_rollback_is_refused_to_a_login_without_the_role(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_people(site, "viewer")
    code, _, err = run(capsys, "rollback", "h-1a2b3c4d", "--yes")
    assert code == 4
    assert "security" in err


def test_a_run_nobody_knows_is_a_usage_error(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "rollback", "h-1a2b3c4d", "--yes")
    assert code == 2
    assert "harden apply makes one" in err
