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


def test_groups_that_contain_each_other_are_told_with_their_circle(tmp_path: Path) -> None:
    found = read(tmp_path, a="a: {children: {b: }, hosts: {one: }}\n", b="b: {children: {a: }}\n")
    assert told(found) == ["b.yml:1 b.children.a: a group inside itself: b → a → b"]
    assert found.members["a"] == ("one",)


@pytest.mark.parametrize("text", ["a: {children: {a: }}\n", "a: {children: {all: }}\n", "all: {children: {all: }}\n"])
def test_a_group_cannot_be_inside_itself_nor_all_inside_a_group(tmp_path: Path, text: str) -> None:
    (line,) = told(read(tmp_path, a=text))
    assert "a group inside itself" in line


def test_ranges_stand_for_their_hosts_and_a_port_behind_a_name_counts(tmp_path: Path) -> None:
    found = read(tmp_path, a="web:\n  hosts:\n    web[01:03]: {ansible_user: op}\n    db:2222: \n")
    assert told(found) == []
    assert found.members["web"] == ("web01", "web02", "web03", "db")
    assert (found.hosts["web02"].user, found.hosts["web02"].address, found.hosts["db"].port) == ("op", "web02", 2222)


def test_one_name_may_stand_for_a_mapping_of_one(tmp_path: Path) -> None:
    found = read(tmp_path, a="a: {hosts: one, children: b}\nb: {hosts: two}\n")
    assert found.members["a"] == ("one", "two")


def test_every_host_is_in_all_and_one_without_a_group_is_ungrouped(tmp_path: Path) -> None:
    found = read(tmp_path, a="all: {hosts: {loose: , one: }, children: {a: {hosts: {one: }}}}\n")
    assert set(found.members["all"]) == {"loose", "one"}
    assert found.members["ungrouped"] == ("loose",)


def vars_file(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_variables_beside_the_inventory_reach_their_hosts_over_those_inside(tmp_path: Path) -> None:
    vars_file(tmp_path, "group_vars/all.yml", "ansible_user: everybody\nansible_port: 2200\n")
    vars_file(tmp_path, "group_vars/a/one.yml", "ansible_port: 2201\n")
    vars_file(tmp_path, "host_vars/x", "ansible_ssh_host: 10.0.0.9\n")
    found = read(tmp_path, a="a: {hosts: {x: {ansible_host: 10.0.0.1}, y: }, vars: {ansible_user: inline}}\n")
    assert told(found) == []
    x, y = found.hosts["x"], found.hosts["y"]
    assert (x.address, x.port, x.user) == ("10.0.0.9", 2201, "everybody")
    assert (y.address, y.port, y.user) == ("y", 2201, "everybody")


def test_a_system_block_may_stand_in_the_variables_of_its_group_and_keeps_its_lines(tmp_path: Path) -> None:
    vars_file(tmp_path, "group_vars/sso.yml", "other: '{{ x }}'\nsystem:\n  name: Sign-on\n  level: 9\n")
    found = read(tmp_path, a="sso: {hosts: {one: }}\n")
    assert told(found) == ["sso.yml:4 system.level: must be less than or equal to 5"]


def test_secrets_and_templates_we_do_not_need_disturb_nobody(tmp_path: Path) -> None:
    secret = "$ANSIBLE_VAULT;1.1;AES256\n6162\n"
    vars_file(tmp_path, "group_vars/all/vault.yml", secret)
    vars_file(
        tmp_path, "group_vars/all/plain.yml", "password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nt: '{{ x }}'\n"
    )
    found = read(tmp_path, a="a: {hosts: {one: }}\n")
    assert told(found) == []
    assert [remark.code for remark in found.remarks] == ["encrypted_file"]
    assert found.hosts["one"].unclear == ()


def test_variables_for_a_group_nobody_knows_are_remarked_with_the_one_that_was_meant(tmp_path: Path) -> None:
    vars_file(tmp_path, "group_vars/databse.yml", "ansible_user: x\n")
    (remark,) = read(tmp_path, a="database: {hosts: {one: }}\n").remarks
    assert (remark.code, remark.text) == (
        "unused_variables",
        "no group 'databse' in the inventory; did you mean database?",
    )


def test_an_unknown_key_is_a_fault_in_our_own_inventory_and_a_remark_in_an_adopted_one(tmp_path: Path) -> None:
    for name in ("theirs", "ours"):
        vars_file(tmp_path, f"{name}/a.yml", "a: {hosts: {x: }, note: [1]}\n")
    found = groups.read(tmp_path / "theirs", tmp_path / "ours")
    assert told(found) == ["a.yml:1 a.note: unknown key"]
    assert [(remark.code, remark.file.parent.name) for remark in found.remarks] == [("skipped_key", "theirs")]


def test_later_inventories_count_over_earlier_ones(tmp_path: Path) -> None:
    vars_file(tmp_path, "theirs/hosts.yml", "a: {hosts: {x: {ansible_host: 10.0.0.1, ansible_user: old}}}\n")
    vars_file(tmp_path, "ours/a.yml", "a: {hosts: {x: {ansible_host: 10.0.0.2}, y: }}\n")
    found = groups.read(tmp_path / "theirs" / "hosts.yml", tmp_path / "ours")
    assert found.members["a"] == ("x", "y")
    assert (found.hosts["x"].address, found.hosts["x"].user) == ("10.0.0.2", "old")


def test_a_host_that_is_called_like_its_group_is_remarked(tmp_path: Path) -> None:
    found = read(tmp_path, a="a: {hosts: {a: {ansible_user: x}, b: }, vars: {system: {name: A}}}\n")
    assert [remark.code for remark in found.remarks] == ["same_name"]
    assert found.hosts["b"].user == "x"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a\n- b\n", "a.yml:1 : must be a mapping of groups"),
        ("a: text\n", "a.yml:1 a: must be a mapping with hosts, vars or children"),
        ("a:\n  host: {one: }\n", "a.yml:2 a.host: unknown key"),
        ("a:\n  hosts: [one]\n", "a.yml:2 a.hosts: must be a mapping"),
        ("a:\n  vars: [x]\n", "a.yml:2 a.vars: must be a mapping"),
        ("a:\n  children: [b]\n", "a.yml:2 a.children: must be a mapping"),
        ("a:\n  hosts:\n    one: text\n", "a.yml:3 a.hosts.one: must be a mapping"),
        ("a:\n  hosts:\n    web[01:9]: \n", "a.yml:3 a.hosts.web[01:9]: a range that"),
        ("a:\n  vars: {ansible_group_priority: high}\n", "a.yml:2 a.vars.ansible_group_priority: must be a number"),
        ("1:\n  hosts: {x: }\n", "a.yml:1 1: a group's name must be text"),
        ("a:\n  hosts: {1: }\n", "a.yml:2 a.hosts.1: a host's name must be text"),
        ("a:\n  hosts: {x: {ansible_port: ssh}}\n", "a.yml:2 a.hosts.x.ansible_port: must be a valid integer"),
        ("all:\n  vars: {system: {name: X}}\n", "a.yml:1 all: is not a system's key"),
        ("a:\n  vars: {system: {name: '{{ x }}'}}\n", "a.yml:2 a.vars.system.name: is a template"),
        ("a:\n  vars: {system: {name: !vault x}}\n", "a.yml:2 a.vars.system.name: is encrypted"),
        ("a:\n  hosts:\n    ../x: \n", "a.yml:3 a.hosts.../x: '../x' is not a host name"),
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
    assert "is no YAML inventory" in told(groups.read(tmp_path))[0]


@pytest.mark.parametrize("name", [".swp", "a.yml~", "a.orig", "notes.txt", "README.md", "ansible.cfg", "a.retry"])
def test_files_that_ansible_skips_are_skipped(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("- not an inventory\n")
    found = groups.read(tmp_path)
    assert (found.problems, found.hosts, found.foreign) == ([], {}, [])
