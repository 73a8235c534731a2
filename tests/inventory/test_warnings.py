from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from inventory import site, warnings
from inventory.lines import Remark
from inventory.warnings import LEVEL_RULES

TODAY = date(2026, 5, 4)
WHOLE = """\
data: [{files: [/x], host: a-1}]
copies: [{vault: main, every: 1d}]
normal_when: [{port: 80, host: a-1}]
"""


def told(tmp_path: Path, more: str = "", key: str = "a", hosts: str = "a-1: ", rest: str = "") -> tuple[Remark, ...]:
    (tmp_path / "inventory").mkdir(exist_ok=True)
    (tmp_path / "holdfast.yml").write_text("site: x\nvaults: {main: {path: v}}\n")
    block = "".join(f"      {line}\n" for line in more.splitlines())
    text = f"{key}:\n  hosts: {{{hosts}}}\n  vars:\n    system:\n      name: A\n{block}{rest}"
    (tmp_path / "inventory" / "a.yml").write_text(text)
    return warnings.of(site.load(tmp_path), TODAY)


def test_a_system_that_says_everything_is_not_warned_about(tmp_path: Path) -> None:
    assert told(tmp_path, WHOLE) == ()


def test_a_system_without_data_copies_and_checks_is_told(tmp_path: Path) -> None:
    assert [(one.code, one.line) for one in told(tmp_path)] == [("no_data", 4), ("no_normal_when", 4)]
    (copies,) = told(tmp_path, WHOLE.replace("copies: [{vault: main, every: 1d}]\n", ""))
    assert copies.text == "a names no copies: its data could be brought back from nowhere"


def test_an_external_system_is_nobodys_to_bring_back(tmp_path: Path) -> None:
    assert told(tmp_path, "external: true", hosts="") == ()


@pytest.mark.parametrize(
    ("more", "level", "reason"),
    [
        ("data_subjects: {basic: 99999}\nlevel: 2", None, ""),
        ("data_subjects: {basic: 100000}\nlevel: 2", 3, "keeps basic data of 100,000 people or more"),
        ("data_subjects: {basic: 1}\nlevel: 1", 2, "keeps personal data"),
        ("data_subjects: {sensitive: 1}\nlevel: 2", 3, "keeps sensitive data"),
        ("data_subjects: {sensitive: 10000}\nlevel: 2", 3, "keeps sensitive data of 10,000 people or more"),
        (
            "data_subjects: {sensitive: 1}\nexposes: [{host: a-1, port: 443, to: any}]\nlevel: 2",
            3,
            "keeps sensitive data and is open to anybody",
        ),
        ("data_subjects: {sensitive: 1}\nexposes: [{host: a-1, port: 443, to: 10.0.0.0/8}]\nlevel: 3", None, ""),
        ("data_subjects: {basic: 9000000, sensitive: 9000000}\nlevel: 3", None, ""),
    ],
)
def test_a_level_that_looks_low_for_its_data_is_told_with_the_rule(
    tmp_path: Path, more: str, level: int | None, reason: str
) -> None:
    found = told(tmp_path, WHOLE + more)
    if level is None:
        assert found == ()
        return
    (warning,) = found
    assert (warning.code, warning.key) == ("level_low", "a.vars.system.level")
    assert warning.text.startswith(f"a {reason}, which speaks for level {level}, but it has ")
    assert (tmp_path / "inventory/a.yml").read_text().splitlines()[warning.line - 1].strip().startswith("level:")


def test_no_rule_about_levels_claims_to_have_been_read_in_an_official_text() -> None:
    assert [rule for rule in LEVEL_RULES if rule.verified] == []
    assert all(len(rule.source) > 10 for rule in LEVEL_RULES)


@pytest.mark.parametrize(("day", "codes"), [("2026-05-04", []), ("2026-05-05", ["decision_later"])])
def test_a_decision_of_a_day_to_come_is_told(tmp_path: Path, day: str, codes: list[str]) -> None:
    found = told(tmp_path, f"{WHOLE}level_decision: {{number: 12/QD, date: {day}, by: chair}}")
    assert [one.code for one in found] == codes


def test_a_target_too_short_is_told_where_the_dependency_is_written(tmp_path: Path) -> None:
    rest = "b: {vars: {system: {name: B, rto: 4h, external: false, depends_on: [c], " + (
        "data: [{files: [/x], host: a-1}], copies: [{vault: main, every: 1d}], normal_when: [{port: 1, host: a-1}]}}}\n"
    )
    rest += rest.replace("b: {", "c: {").replace("depends_on: [c]", "depends_on: []").replace("4h", "8h")
    found = told(tmp_path, f"{WHOLE}rto: 2h\ndepends_on:\n  - b", rest=rest)
    assert [(one.code, one.line, one.text) for one in found] == [
        ("target_too_short", 11, "a must be back in 2h, but b, which it needs, only in 4h"),
        ("target_too_short", 11, "a must be back in 2h, but c, which it needs through b, only in 8h"),
        ("target_too_short", 12, "b must be back in 4h, but c, which it needs, only in 8h"),
    ]


def test_hosts_of_no_system_are_told_but_not_those_a_system_names(tmp_path: Path) -> None:
    rest = "spare: {hosts: {spare-1: }}\nother: {hosts: {'x[1:7]': }}\n"
    (warning,) = told(tmp_path, f"{WHOLE}drill_targets: {{a-1: spare-1}}", rest=rest)
    assert (warning.code, warning.text) == ("no_system", "x1, x2, x3, x4, x5 and 2 more belong to no system")


def test_hosts_whose_way_only_ansible_knows_are_told(tmp_path: Path) -> None:
    (warning,) = told(tmp_path, WHOLE, hosts="a-1: {ansible_host: '{{ x }}'}")
    assert warning.text == "how to reach a-1 is known to Ansible only: ansible_host is a template (a.yml:2)"


def test_what_was_remarked_while_reading_is_told_too(tmp_path: Path) -> None:
    (warning,) = told(tmp_path, WHOLE, key="a-1")
    assert warning.code == "same_name"
