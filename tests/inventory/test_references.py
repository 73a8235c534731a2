from __future__ import annotations

from pathlib import Path

import pytest

from inventory import groups, references
from inventory.settings import Settings

SETTINGS = Settings.model_validate({"site": "x", "vaults": {"main": {"path": "v"}}})


def told(tmp_path: Path, settings: Settings | None = SETTINGS, **systems: str) -> list[str]:
    for key, more in systems.items():
        text = f"{key}:\n  hosts: {{{key}-1: }}\n  vars:\n    system:\n      name: X\n      {more}\n"
        (tmp_path / f"{key}.yml").write_text(text)
    return [
        f"{problem.file.name}:{problem.line} {problem.key.partition('system.')[2]}: {problem.what} ({problem.hint})"
        for problem in references.problems(groups.read(tmp_path), settings)
    ]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ("depends_on: [ss]", "sso.yml:6 depends_on.0: no system 'ss' (did you mean sso?)"),
        ("exposes: [{host: sso-2, port: 1}]", "sso.yml:6 exposes.0: no host 'sso-2' (did you mean sso-1?)"),
        ("data: [{files: [/x], host: web}]", "sso.yml:6 data.0: no host 'web' (hosts: sso-1)"),
        ("logs: [{host: web, journald: x}]", "sso.yml:6 logs.0: no host 'web' (hosts: sso-1)"),
        ("copies: [{vault: mian, every: 1d}]", "sso.yml:6 copies.0: no vault 'mian' in holdfast.yml (did you"),
        ("copies: [{media: x, every: 1d}]", "sso.yml:6 copies.0: no rotation set 'x' in holdfast.yml (rotat"),
    ],
)
def test_a_name_that_leads_nowhere_is_told_with_the_one_that_was_meant(tmp_path: Path, more: str, problem: str) -> None:
    (line,) = told(tmp_path, sso=more)
    assert line.startswith(problem)


def test_without_settings_no_store_is_checked(tmp_path: Path) -> None:
    assert told(tmp_path, None, sso="copies: [{vault: nowhere, every: 1d}]") == []


def test_what_a_file_that_cannot_be_read_may_hold_is_not_called_unknown(tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("land: [1,\n")
    more = "depends_on: [land]\n      logs: [{host: land-1, journald: x}]\n      copies: [{vault: lost, every: 1d}]"
    assert [line.partition(" ")[2].partition(":")[0] for line in told(tmp_path, sso=more)] == ["copies.0"]


def test_runbooks_are_checked_where_it_is_known_which_there_are(tmp_path: Path) -> None:
    (tmp_path / "sso.yml").write_text("sso: {hosts: {a: }, vars: {system: {name: X, runbook: ghost}}}\n")
    read = groups.read(tmp_path)
    assert list(references.problems(read, SETTINGS)) == []
    assert list(references.problems(read, SETTINGS, ["ghost"])) == []
    (problem,) = references.problems(read, SETTINGS, ["ghots"])
    assert (problem.key, problem.what) == ("sso.vars.system.runbook", "no runbook 'ghost'")
    assert problem.hint == "did you mean ghots?"


def test_every_circle_is_told_once_with_its_way(tmp_path: Path) -> None:
    found = told(
        tmp_path, a="depends_on: [b, d]", b="depends_on: [c]", c="depends_on: [a]", d="depends_on: [d]", e="level: 1"
    )
    assert [line.partition(": ")[2] for line in found] == [
        "depends on itself: a → b → c → a ()",
        "depends on itself: d → d ()",
    ]


def test_a_long_chain_is_no_circle_and_no_burden(tmp_path: Path) -> None:
    chain = "".join(
        f"s{n}: {{vars: {{system: {{name: X, depends_on: [{f's{n - 1}' if n else ''}]}}}}}}\n" for n in range(2000)
    )
    (tmp_path / "a.yml").write_text(chain)
    assert list(references.problems(groups.read(tmp_path), SETTINGS)) == []


def test_all_hosts_a_system_names_are_known(tmp_path: Path) -> None:
    text = """
a:
  hosts: {h: }
  vars:
    system:
      name: X
      drill_targets: {h: spare}
      canary: {sql: /x, host: other, query: q}
      normal_when: [{port: 1, host: h}, {http: "http://x"}]
"""
    (tmp_path / "a.yml").write_text(text)
    system = groups.read(tmp_path).systems["a"]
    assert [host for _, host in references.named_hosts(system)] == ["h", "other", "h", "spare"]
