from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inventory.lines import Document
from inventory.tree import Reach, Setting, Tree, Variables

HERE = Document(Path("a.yml"), {})


def own(**values: Any) -> Variables:
    return {name: Setting(value, HERE, (name,)) for name, value in values.items()}


def seen(tree: Tree, host: str, group_files: Any = (), host_files: Any = ()) -> dict[str, Any]:
    tree.settle()
    return {name: found.value for name, found in Reach(tree, group_files, host_files).variables(host).items()}


def two_levels() -> Tree:
    tree = Tree()
    for name in ("outer", "inner"):
        tree.group(name)
    tree.add_child("outer", "inner")
    tree.add_host("inner", "h")
    return tree


def test_an_inner_group_counts_over_an_outer_one_and_all_counts_least() -> None:
    tree = two_levels()
    tree.groups["all"].own = own(user="all", port=1)
    tree.groups["outer"].own = own(user="outer", port=2)
    tree.groups["inner"].own = own(user="inner")
    assert seen(tree, "h") == {"user": "inner", "port": 2}


def test_among_groups_of_one_depth_the_priority_counts_and_then_the_name() -> None:
    tree = Tree()
    for name in ("a", "b"):
        tree.group(name).own = own(user=name)
        tree.add_host(name, "h")
    assert seen(tree, "h") == {"user": "b"}
    tree.groups["a"].priority = 2
    assert seen(tree, "h") == {"user": "a"}


def test_files_for_all_count_over_what_an_inner_group_says_inside_the_inventory() -> None:
    tree = two_levels()
    tree.groups["inner"].own = own(user="inner")
    files = [{"all": own(user="file of all", port=9)}, {"outer": own(port=10)}]
    assert seen(tree, "h", files) == {"user": "file of all", "port": 10}


def test_an_earlier_inventory_counts_less_even_for_an_inner_group() -> None:
    files = [{"inner": own(port=1)}, {"outer": own(port=2)}]
    assert seen(two_levels(), "h", files) == {"port": 2}


def test_a_host_counts_over_its_groups_and_the_files_of_the_host_over_all() -> None:
    tree = two_levels()
    tree.hosts["h"] = own(user="inline", port=1)
    files = [{"inner": own(user="group file", port=2)}]
    assert seen(tree, "h", files) == {"user": "inline", "port": 1}
    assert seen(tree, "h", files, [{"h": own(port=3)}]) == {"user": "inline", "port": 3}


def test_a_host_put_into_ungrouped_and_into_a_group_is_not_ungrouped() -> None:
    tree = Tree()
    tree.group("a")
    tree.add_host("ungrouped", "h")
    tree.add_host("a", "h")
    tree.add_host("all", "loose")
    tree.settle()
    assert tree.members() == {"all": ("loose", "h"), "ungrouped": ("loose",), "a": ("h",)}


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40))
def test_no_edges_make_a_circle_and_members_are_those_of_the_children(edges: list[tuple[int, int]]) -> None:
    tree = Tree()
    for number in range(13):
        tree.group(f"g{number}")
        tree.add_host(f"g{number}", f"h{number}")
    for parent, child in edges:
        circle = tree.add_child(f"g{parent}", f"g{child}")
        assert not circle or circle[0] == circle[-1]
    tree.settle()
    members = tree.members()
    for name, group in tree.groups.items():
        expected = set(group.hosts).union(*(members[child] for child in group.children))
        assert set(members[name]) == expected
        assert len(members[name]) == len(expected)
    assert len(members["all"]) == 13
