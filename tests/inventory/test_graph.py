from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.graph import hurries, waves
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
