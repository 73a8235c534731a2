from __future__ import annotations

from pathlib import Path

import pytest

from inventory import groups


def read(tmp_path: Path, **files: str) -> groups.Groups:
    for name, text in files.items():
        (tmp_path / f"{name}.yml").write_text(text)
    return groups.read(tmp_path)


def told(found: groups.Groups) -> list[str]:
    return [f"{problem.file.name}:{problem.line} {problem.key}: {problem.what}" for problem in found.problems]


def test_a_group_with_a_system_block_is_a_system_with_its_hosts(tmp_path: Path) -> None:
    text = """
sso:
  hosts:
    signon-1: {ansible_connection: local, holdfast_root: /demo/hosts/signon-1}
    signon-2: {ansible_host: 10.0.0.2, ansible_user: holdfast}
  vars:
    system: {name: Sign-on}
"""
    found = read(tmp_path, sso=text)
    assert told(found) == []
    assert found.systems["sso"].name == "Sign-on"
    assert found.members["sso"] == ("signon-1", "signon-2")
    assert found.hosts["signon-1"].path("/etc/passwd") == "/demo/hosts/signon-1/etc/passwd"
    assert (found.hosts["signon-2"].address, found.hosts["signon-2"].user) == ("10.0.0.2", "holdfast")


def test_variables_of_the_group_reach_its_hosts(tmp_path: Path) -> None:
    found = read(tmp_path, a="a:\n  hosts: {one: }\n  vars: {ansible_connection: local}\n")
    assert found.hosts["one"].connection == "local"


def test_a_host_named_again_without_variables_keeps_the_ones_it_has(tmp_path: Path) -> None:
    found = read(tmp_path, a="a:\n  hosts: {one: {ansible_host: 10.0.0.1}}\n", b="b:\n  hosts: {one: }\n")
    assert found.hosts["one"].address == "10.0.0.1"
    assert found.members["b"] == ("one",)


def test_hosts_of_children_belong_to_the_parent_wherever_the_child_is_written(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        a="parent:\n  children:\n    inside: {hosts: {one: }}\n    elsewhere: {}\n",
        b="elsewhere:\n  hosts: {two: }\n",
    )
    assert found.members["parent"] == ("one", "two")


def test_groups_that_contain_each_other_do_not_hang(tmp_path: Path) -> None:
    found = read(tmp_path, a="a: {children: {b: }, hosts: {one: }}\n", b="b: {children: {a: }}\n")
    assert found.members["b"] == ("one",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a\n- b\n", "a.yml:1 : must be a mapping of groups"),
        ("a: text\n", "a.yml:1 a: must be a mapping with hosts, vars or children"),
        ("a:\n  host: {one: }\n", "a.yml:2 a.host: unknown key"),
        ("a:\n  hosts: [one]\n", "a.yml:2 a.hosts: must be a mapping"),
        ("a:\n  hosts: one\n", "a.yml:2 a.hosts: must be a mapping"),
        ("a:\n  vars: [x]\n", "a.yml:2 a.vars: must be a mapping"),
        ("a:\n  children: b\n", "a.yml:2 a.children: must be a mapping"),
        ("a:\n  hosts:\n    one: text\n", "a.yml:3 a.hosts.one: must be a mapping"),
        ("a:\n  hosts:\n    web[01:10]: \n", "a.yml:3 a.hosts.web[01:10]: host ranges are not read so far"),
        ("a:\n  hosts:\n    ../x: \n", "a.yml:3 a.hosts.../x: is not a host name"),
        ("a:\n  hosts:\n    x: {holdfast_root: ../y}\n", "a.yml:3 a.hosts.x.holdfast_root: '../y' must be an absolute"),
        ("A/b:\n  vars:\n    system: {name: X}\n", "a.yml:1 A/b: is not a system's key"),
        ("a:\n  vars:\n    system:\n      level: 2\n", "a.yml:3 a.vars.system: name is missing"),
        ("a:\n  vars:\n    system:\n", "a.yml:3 a.vars.system: name is missing"),
    ],
)
def test_a_fault_is_told_with_file_line_and_key(tmp_path: Path, text: str, problem: str) -> None:
    (line,) = told(read(tmp_path, a=text))
    assert line.startswith(problem)


def test_a_system_written_twice_names_the_first_file(tmp_path: Path) -> None:
    text = "a:\n  vars:\n    system: {name: X}\n"
    (line,) = told(read(tmp_path, a=text, b=text))
    assert line.startswith("b.yml:3 a.vars.system: system 'a' is already written in")
    assert line.endswith("a.yml")


def test_one_bad_file_does_not_hide_the_faults_of_another(tmp_path: Path) -> None:
    assert len(told(read(tmp_path, a="a: [", b="b: text\n", c="c: {hosts: {x: }}\n"))) == 2


def test_a_missing_directory_and_another_format_are_told(tmp_path: Path) -> None:
    assert "is missing" in told(groups.read(tmp_path / "inventory"))[0]
    (tmp_path / "hosts.ini").write_text("[web]\n")
    assert "only YAML" in told(groups.read(tmp_path))[0]


def test_variables_directories_and_hidden_files_are_ansibles_business(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / ".swp").write_text("x")
    assert groups.read(tmp_path) == groups.Groups()
