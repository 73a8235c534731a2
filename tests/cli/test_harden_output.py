from __future__ import annotations

import pytest

from cli import harden_output
from playbooks import controls
from playbooks.judge import Verdict, Word
from playbooks.scan import HostScan, Scan


def verdict(control: str, word: Word, waiver: str = "") -> Verdict:
    return Verdict(control, word, "high", "yes", "no", waiver)


def test_a_waived_control_is_named_with_its_waiver_and_counted_apart(capsys: pytest.CaptureFixture[str]) -> None:
    rules = controls.shipped()
    first, second, third = list(rules)[:3]
    words = "waived until 2026-12-31 by hoa for lan: old scanners"
    found = (verdict(first, "pass"), verdict(second, "waived", words), verdict(third, "fail"))
    harden_output.show_scan(Scan((HostScan("one", ("edoc",), 3, None, found),)), rules)
    said = capsys.readouterr().out
    assert f"  {second} fails and is {words}" in said
    assert "1 of 3 pass" in said
    assert "1 of 3 controls pass on 1 of 1 hosts; 1 fail, 0 unknown, 1 waived" in said


def test_a_host_that_was_not_read_is_an_error_and_counts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    harden_output.show_scan(Scan((HostScan("far", (), 3, "not reached: refused"),)), {})
    said = capsys.readouterr().out
    assert "error: not reached: refused" in said
    assert "0 of 0 controls pass on 0 of 1 hosts; 0 fail, 0 unknown" in said
