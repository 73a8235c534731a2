from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.graph import critical_path, graph, hurries, waves
from inventory.system import System


def system(*needs: str, hours: int = 24, external: bool = False) -> System:
    return System(name="X", depends_on=list(needs), rto=timedelta(hours=hours), external=external)


def test_what_is_needed_comes_first_and_the_shortest_target_leads_its_wave() -> None:
    systems = {"edoc": system("sso", hours=8), "lgsp": system("sso", hours=4), "sso": system(hours=4)}
    assert waves(systems) == (("sso",), ("lgsp", "edoc"))


def test_a_dependency_outside_of_the_selection_counts_as_there() -> None:
    assert waves({"edoc": system("sso")}) == (("edoc",),)


def test_a_circle_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="depend on themselves"):
        waves({"a": system("b"), "b": system("a")})


@given(st.lists(st.sets(st.integers(0, 30)), max_size=30))
def test_every_system_comes_once_and_after_all_it_needs(needs: list[set[int]]) -> None:
    systems = {str(key): system(*(str(other) for other in others if other < key)) for key, others in enumerate(needs)}
    order = waves(systems)
    place = {key: number for number, wave in enumerate(order) for key in wave}
    assert sorted(place) == sorted(systems)
    assert sum(map(len, order)) == len(systems)
    assert all(place[other] < place[key] for key in systems for other in systems[key].depends_on)


def test_a_target_shorter_than_that_of_something_needed_is_told() -> None:
    systems = {"edoc": system("sso", hours=2), "sso": system(hours=4)}
    (hurry,) = hurries(systems)
    assert hurry.text == "edoc must be back in 2h, but sso, which it needs, only in 4h"
    assert hurries({"edoc": system("sso", hours=2), "sso": system(external=True)}) == ()


def test_the_critical_path_is_the_chain_whose_times_add_up_to_the_most() -> None:
    systems = {
        "net": system(hours=2),
        "sso": system("net", hours=4),
        "edoc": system("sso", hours=8),
        "lgsp": system("sso", hours=4),
        "land": system("lgsp", hours=24),
        "pki": system(hours=24),
    }
    found = graph(systems, {})
    assert found.path.keys == ("net", "sso", "lgsp", "land")
    assert found.path.seconds == 34 * 3600
    assert [node.key for node in found.nodes if node.critical] == ["net", "sso", "lgsp", "land"]
    assert [node.wave for node in found.nodes if node.key in ("net", "pki", "land")] == [1, 1, 4]
    assert ("sso", "lgsp") in found.path.links
    assert ("sso", "edoc") in found.edges()


def test_a_measured_time_takes_the_place_of_the_target_and_may_move_the_path() -> None:
    systems = {"a": system(hours=8), "b": system(hours=2), "c": system("a", "b", hours=1)}
    assert graph(systems, {}).path.keys == ("a", "c")
    moved = graph(systems, {"a": 60.0})
    assert moved.path.keys == ("b", "c")
    assert [(node.key, node.measured) for node in moved.nodes if node.measured] == [("a", True)]


def test_what_others_run_takes_none_of_our_time_and_stands_on_no_path() -> None:
    systems = {"ndb": system(external=True), "lgsp": system("ndb", hours=4), "dw": system("lgsp", hours=24)}
    found = graph(systems, {"ndb": 1e9})
    assert found.path.keys == ("lgsp", "dw")
    assert [node.seconds for node in found.nodes if node.key == "ndb"] == [0.0]
    assert not any(node.measured for node in found.nodes)


def test_an_approved_exception_above_24_hours_does_not_look_like_the_most_urgent() -> None:
    long = System(
        name="X", rto=timedelta(hours=72), rto_reason="they send again", rto_approver="head", depends_on=["net"]
    )
    systems = {"net": system(hours=2), "iot": long, "sso": system("net", hours=4), "dw": system("sso", hours=24)}
    assert graph(systems, {}).path.keys == ("net", "sso", "dw")


def test_nothing_has_no_critical_path() -> None:
    assert graph({}, {}).path.keys == ()
    assert graph({"ndb": system(external=True)}, {}).path.keys == ()


@given(st.lists(st.tuples(st.sets(st.integers(0, 7)), st.integers(1, 20)), max_size=8))
def test_no_chain_is_longer_than_the_critical_path(made: list[tuple[set[int], int]]) -> None:
    systems = {
        str(key): system(*(str(other) for other in sorted(others) if other < key), hours=hours)
        for key, (others, hours) in enumerate(made)
    }
    times = {key: each.rto.total_seconds() for key, each in systems.items()}

    def chains(key: str) -> list[tuple[str, ...]]:
        return [(key,)] + [(*before, key) for other in systems[key].depends_on for before in chains(other)]

    every = [chain for key in systems for chain in chains(key)]
    path = critical_path(systems, times)
    assert path.seconds == max((sum(times[key] for key in chain) for chain in every), default=0.0)
    assert path.keys in every or not systems
    assert path == critical_path(dict(reversed(systems.items())), times)


def test_what_is_needed_through_others_is_told_with_its_way_when_it_takes_longest() -> None:
    systems = {
        "a": system("b", "x", hours=2),
        "b": system("c", hours=4),
        "c": system("d", hours=3),
        "d": system(hours=8),
        "x": system("d", external=True),
    }
    assert [(hurry.system, hurry.path) for hurry in hurries(systems)] == [
        ("a", ("b",)),
        ("a", ("x", "d")),
        ("b", ("c", "d")),
        ("c", ("d",)),
    ]
    assert hurries(systems)[1].text == "a must be back in 2h, but d, which it needs through x, only in 8h"
