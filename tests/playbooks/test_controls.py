"""The controls as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.errors import UsageError
from inventory.lines import SiteError
from playbooks import controls
from playbooks.controls import ROLES

GOOD = """\
- id: HF-TRY-001
  title: A title
  why: A reason
  severity: low
  check: {fact: [sshd, x11forwarding], op: equals, value: "no"}
  mend: {role: ssh}
"""


OF_A_HOST = {"prepare", "forget"}
"""Roles that bring a host in and take it out again; they mend no control."""


def load(tmp_path: Path, text: str) -> object:
    (tmp_path / "own.yml").write_text(text)
    return controls.load(tmp_path)


def test_there_are_at_least_forty_and_each_says_why_and_how_to_mend_it() -> None:
    shipped = controls.shipped()
    assert len(shipped) >= 40
    assert all(rule.why.endswith(".") and str(rule.mend) for rule in shipped.values())


def test_each_role_with_an_effect_mends_some_control_and_each_variable_named_is_a_default_of_its_role() -> None:
    mends = [rule.mend for rule in controls.shipped().values()]
    assert {mend.role for mend in mends if mend.role} == {folder.name for folder in ROLES.iterdir()} - OF_A_HOST
    for mend in mends:
        if mend.variable:
            assert f"\n{mend.variable}:" in (ROLES / mend.role / "defaults" / "main.yml").read_text()


def test_a_good_control_is_read(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD)


@pytest.mark.parametrize(
    ("right", "wrong", "line", "said"),
    [
        ("severity: low", "severity: grave", 4, "'low', 'medium', 'high' or 'critical'"),
        ("op: equals", "iff: 1, op: equals", 5, "unknown key"),
        ("op: equals", "op: at_most", 5, "at_most needs a number"),
        ("{role: ssh}", "{role: nothing}", 6, "there is no role 'nothing'"),
        ("{role: ssh}", "{}", 6, "neither which role"),
        ("id: HF-TRY-001", "id: ssh-1", 1, "must match ^HF-"),
    ],
)
def test_a_fault_is_named_with_its_file_and_line(tmp_path: Path, right: str, wrong: str, line: int, said: str) -> None:
    with pytest.raises(SiteError) as caught:
        load(tmp_path, GOOD.replace(right, wrong))
    assert f"own.yml:{line}:" in caught.value.message
    assert said in caught.value.message


def test_an_id_written_twice_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"own\.yml:7.*HF-TRY-001 is written twice"):
        load(tmp_path, GOOD + GOOD)


def test_an_unknown_control_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="HF-NO-999"):
        controls.chosen(["HF-NO-999"])
