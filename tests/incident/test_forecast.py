from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident.forecast import Need, forecast, province
from incident.measured import Measurement
from inventory.system import System
from tests.incident import making
from tests.incident.making import NOON

SYSTEMS = {"sso": making.system(), "edoc": making.system("sso"), "open": making.system()}


def measured(
    key: str, size: int, growing: float, fixed: float = 5.0, prepare: float = 60.0, seq: int = 7
) -> Measurement:
    return Measurement(key, size, prepare, growing, fixed, NOON, seq)


ALL = {
    "sso": measured("sso", 1_000_000, 2.0, seq=7),
    "edoc": measured("edoc", 100_000_000, 10.0, seq=8),
    "open": measured("open", 10_000_000, 1.0, seq=9),
}
NEEDS = {key: Need(each.bytes, 0.0) for key, each in ALL.items()}


@pytest.mark.parametrize("lacking", SYSTEMS)
def test_without_a_measured_restore_there_is_no_forecast_and_none_behind_it(lacking: str) -> None:
    known = {key: each for key, each in ALL.items() if key != lacking}
    found = forecast(NEEDS, known, SYSTEMS)
    behind = {"sso": {"sso", "edoc"}, "edoc": {"edoc"}, "open": {"open"}}[lacking]
    assert {key for key, each in found.items() if each.seconds is None} == behind
    assert all(lacking in found[key].why for key in behind)
    assert province(NEEDS, known) is None


@pytest.mark.parametrize("lost", SYSTEMS)
def test_without_a_copy_to_come_back_from_there_is_no_forecast_however_well_it_was_measured(lost: str) -> None:
    needs = NEEDS | {lost: Need(None, 0.0)}
    found = forecast(needs, ALL, SYSTEMS)
    behind = {"sso": {"sso", "edoc"}, "edoc": {"edoc"}, "open": {"open"}}[lost]
    assert {key for key, each in found.items() if each.seconds is None} == behind
    assert {found[key].why for key in behind} == {f"no copy to come back from of {lost}"}
    assert province(needs, ALL) is None


def test_a_medium_that_takes_nobody_knows_how_long_to_fetch_gives_no_forecast() -> None:
    needs = NEEDS | {"edoc": Need(1, None)}
    found = forecast(needs, ALL, SYSTEMS)
    assert {key for key, each in found.items() if each.seconds is None} == {"edoc"}
    assert "`fetch_medium`" in found["edoc"].why
    assert province(needs, ALL) is None


def test_a_province_of_nothing_has_no_forecast() -> None:
    assert province({}, {}) is None
    assert province(NEEDS, {}) is None


def test_a_forecast_is_preparation_and_every_system_before_it_and_its_own() -> None:
    found = forecast(NEEDS, ALL, SYSTEMS)
    rate = 10_000_000.0
    assert found["edoc"].bytes_per_second == rate
    assert found["edoc"].own_seconds == pytest.approx(10.0 + 5.0)
    assert found["sso"].own_seconds == pytest.approx(2.0 + 5.0)
    assert found["edoc"].seconds == pytest.approx(60.0 + 15.0 + 7.0)
    assert found["open"].seconds == pytest.approx(60.0 + 6.0)
    assert found["edoc"].evidence == (7, 8)
    assert province(NEEDS, ALL) == pytest.approx(60.0 + 15.0 + 7.0 + 6.0)


def test_a_system_reached_only_through_one_that_is_not_ours_still_comes_first() -> None:
    systems = SYSTEMS | {"net": making.system("sso", external=True), "edoc": making.system("net")}
    assert forecast(NEEDS, ALL, systems)["edoc"].seconds == forecast(NEEDS, ALL, SYSTEMS)["edoc"].seconds


sizes = st.integers(0, 10**15)


@given(sizes, sizes, st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_bytes_and_a_farther_medium_never_take_less_time(one: int, other: int, near: float, far: float) -> None:
    small = NEEDS | {"sso": Need(min(one, other), min(near, far))}
    large = NEEDS | {"sso": Need(max(one, other), max(near, far))}
    for key in SYSTEMS:
        before, after = forecast(small, ALL, SYSTEMS)[key].seconds, forecast(large, ALL, SYSTEMS)[key].seconds
        assert before is not None
        assert after is not None
        assert before <= after
    assert (province(small, ALL) or 0) <= (province(large, ALL) or 0)


@given(
    st.dictionaries(st.sampled_from(list(SYSTEMS)), st.integers(1, 10**12), max_size=3),
    st.floats(0, 1e5),
    st.floats(0, 1e5),
)
def test_the_whole_is_never_sooner_than_any_part(given_sizes: dict[str, int], growing: float, fixed: float) -> None:
    known = {key: measured(key, size, growing, fixed) for key, size in given_sizes.items()}
    found, whole = forecast(NEEDS, known, SYSTEMS), province(NEEDS, known)
    parts = [each.seconds for each in found.values()]
    assert (whole is None) == (None in parts)
    if whole is not None:
        assert whole >= max(part for part in parts if part is not None) - 1e-6


def test_a_measurement_that_took_no_time_tells_no_rate() -> None:
    systems: dict[str, System] = {"sso": making.system()}
    assert forecast({"sso": Need(10, 0.0)}, {"sso": measured("sso", 10, 0.0)}, systems)["sso"].seconds is None
