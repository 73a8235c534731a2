from __future__ import annotations

import os
from pathlib import Path

import pytest

from inventory import site
from inventory.errors import ExitCode, UsageError
from inventory.lines import SiteError

SETTINGS = "site: district\nvaults: {main: {path: vault}}\nmedia: {weekly: {disks: {a: {directory: /s, attach: /m}}}}\n"
SYSTEM = "{key}:\n  hosts: {{{key}-1: {{ansible_connection: local}}}}\n  vars:\n    system:\n      name: {key}\n{more}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "holdfast.yml").write_text(SETTINGS)
    return tmp_path


def system(root: Path, key: str, more: str = "") -> None:
    text = SYSTEM.format(key=key, more="".join(f"      {line}\n" for line in more.splitlines()))
    (root / "inventory" / f"{key}.yml").write_text(text)


def told(root: Path) -> list[str]:
    with pytest.raises(SiteError) as caught:
        site.load(root)
    assert caught.value.exit_code == ExitCode.USAGE
    return [str(problem).removeprefix(f"{root}/") for problem in caught.value.problems]


def test_a_good_site_is_one_value(root: Path) -> None:
    system(root, "sso")
    system(root, "edoc", "depends_on: [sso]\ncopies: [{vault: main, every: 6h}, {media: weekly, every: 7d}]")
    (root / "people.yml").write_text("people: [{name: Minh, login: minh, roles: [operator]}]\n")
    read = site.load(root)
    assert list(read.systems) == ["edoc", "sso"]
    assert read.people.people[0].login == "minh"
    assert read.summary("edoc")["rto"] == "24h"
    assert read.resolve("vault") == (root / "vault").resolve()


def test_faults_of_every_file_are_told_at_once(root: Path) -> None:
    (root / "holdfast.yml").write_text("site: Bad Name\ncolour: red\n")
    (root / "people.yml").write_text("people: [{name: X, login: x, roles: [king]}]\n")
    system(root, "sso", "level: 7")
    found = told(root)
    assert [line.split()[0] for line in found] == [
        "holdfast.yml:1:",
        "holdfast.yml:2:",
        "people.yml:1:",
        "inventory/sso.yml:6:",
    ]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("depends_on: [ghost]", "inventory/sso.yml:6: sso.vars.system.depends_on.0: no system 'ghost'"),
        ("data: [{files: [/x], host: ghost}]", "inventory/sso.yml:6: sso.vars.system.data.0: no host 'ghost'"),
        ("drill_targets: {sso-1: ghost}", "inventory/sso.yml:6: sso.vars.system.drill_targets.sso-1: no host 'ghost'"),
        ("canary: {sql: /x, host: ghost, query: q}", "inventory/sso.yml:6: sso.vars.system.canary.host: no host"),
        ("copies: [{vault: b, every: 1d}]", "inventory/sso.yml:6: sso.vars.system.copies.0: no vault 'b'"),
        ("copies: [{media: b, every: 1d}]", "inventory/sso.yml:6: sso.vars.system.copies.0: no rotation set 'b'"),
        ("depends_on: [sso]", "inventory/sso.yml:6: sso.vars.system.depends_on: depends on itself: sso → sso"),
    ],
)
def test_a_name_that_leads_nowhere_is_told_where_it_is_written(root: Path, more: str, problem: str) -> None:
    system(root, "sso", more)
    (line,) = told(root)
    assert line.startswith(problem)


def test_a_circle_of_systems_is_told_once_with_its_way(root: Path) -> None:
    for key, other in (("a", "b"), ("b", "c"), ("c", "a")):
        system(root, key, f"depends_on: [{other}]")
    (line,) = told(root)
    assert "depends on itself: a → b → c → a" in line


def test_a_system_nested_under_a_parent_group_keeps_its_line(root: Path) -> None:
    text = (
        "all:\n  children:\n    sso:\n      vars:\n        system:\n          name: X\n          depends_on: [ghost]\n"
    )
    (root / "inventory" / "a.yml").write_text(text)
    (line,) = told(root)
    assert line.startswith("inventory/a.yml:7: all.children.sso.vars.system.depends_on.0: no system 'ghost'")


def test_a_faulty_system_does_not_make_those_that_need_it_faulty(root: Path) -> None:
    system(root, "sso", "level: 7")
    system(root, "edoc", "depends_on: [sso]")
    assert len(told(root)) == 1


def test_an_unknown_policy_pack_and_a_login_of_two_people_are_told(root: Path) -> None:
    (root / "holdfast.yml").write_text("site: x\npolicies:\n  - baseline\n  - vn-1900\n")
    (root / "people.yml").write_text("people:\n  - {name: A, login: x}\n  - {name: B, login: x}\n")
    assert told(root) == [
        "holdfast.yml:4: policies.1: no such policy pack (packs: baseline, vn-2016, vn-2026)",
        "people.yml:3: people.1.login: login 'x' belongs to somebody else too",
    ]


def test_a_missing_settings_file_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    assert "cannot be read: No such file" in told(tmp_path)[0]


def test_an_unknown_key_names_the_known_ones(root: Path) -> None:
    system(root, "sso")
    read = site.load(root)
    with pytest.raises(UsageError, match="no system 'ghost'") as caught:
        read.system("ghost")
    assert "sso" in caught.value.hint
    with pytest.raises(UsageError, match="no host 'ghost'"):
        read.host("ghost")


def test_no_kind_of_fault_hides_another(root: Path) -> None:
    """One round of mending is enough: keys written twice, templates, wrong values, names, circles, registers."""
    system = """edoc:
  hosts: {documents-1: {ansible_connection: local}}
  vars:
    system:
      name: Documents
      level: 9
      unit: "{{ unit }}"
      rto: 8 hours
      depends_on: [nowhere, sso]
      data: [{files: [/srv], host: elsewhere}]
      copies: [{vault: lost, every: 6h}]
      name: again
"""
    (root / "inventory" / "edoc.yml").write_text(system)
    (root / "inventory" / "sso.yml").write_text(
        "sso: {hosts: {a: }, vars: {system: {name: S, level: 3, depends_on: [edoc]}}}"
    )
    (root / "people.yml").write_text("people: [{name: A, login: a, roles: boss}]\n")
    (root / "waivers.yml").write_text(
        "waivers: [{control: HF-SSH-001, system: nosuch, reason: r, owner: q, approver: q, from: 2026-01-01,"
        " until: 2026-02-01}]\n"
    )
    (root / "registers").mkdir(exist_ok=True)
    (root / "registers" / "roster.yml").write_text("shifts: [{from: tomorrow, until: 2026-11-25 08:00, login: a}]\n")
    with pytest.raises(SiteError) as caught:
        site.load(root)
    told = str(caught.value)
    for fault in (
        "edoc.yml:12: edoc.vars.system.name: written twice",
        "edoc.yml:6: edoc.vars.system.level: must be less than or equal to 5",
        "edoc.yml:7: edoc.vars.system.unit: is a template",
        "edoc.yml:8: edoc.vars.system.rto: '8 hours' is not a duration",
        "edoc.yml:9: edoc.vars.system.depends_on.0: no system 'nowhere'",
        "edoc.yml:10: edoc.vars.system.data.0: no host 'elsewhere'",
        "edoc.yml:11: edoc.vars.system.copies.0: no vault 'lost'",
        "depends on itself: ",
        "people.yml:1: people.0.roles: must be a list (write it as [one, two])",
        "waivers.yml:1: waivers.0.system: no system 'nosuch'",
        "waivers.yml:1: waivers.0.approver: is the owner",
        "roster.yml:1: shifts.0.from: 'tomorrow' is no moment",
    ):
        assert fault in told, f"{fault}\n{told}"
    assert "no login" not in told  # who there is cannot be known


def test_what_an_unreadable_file_may_hold_is_not_called_unknown_by_waivers(root: Path) -> None:
    (root / "inventory" / "broken.yml").write_text("land: [1,\n")
    (root / "waivers.yml").write_text(
        "waivers: [{control: HF-SSH-001, system: land, reason: '', owner: q, approver: r, from: 2026-01-01,"
        " until: 2026-02-01}]\n"
    )
    with pytest.raises(SiteError) as caught:
        site.load(root)
    assert "no system 'land'" not in str(caught.value)
    assert "waivers.0.reason: is empty" in str(caught.value)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "name",
    [
        "holdfast.yml",
        "people.yml",
        "waivers.yml",
        "registers/roster.yml",
        "inventory/f.yml",
        "inventory/f.ini",
        "inventory/group_vars/all.yml",
    ],
)
def test_a_pipe_in_the_place_of_a_file_is_told_and_not_waited_for(root: Path, name: str) -> None:
    file = root / name
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    os.mkfifo(file)
    with pytest.raises(SiteError) as caught:
        site.load(root)
    assert f"{file.resolve()}:1: cannot be read: it is no regular file but a named pipe" in str(caught.value)
