from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import people, waivers
from inventory.lines import SiteError
from inventory.waivers import Waiver, Waivers
from tests.inventory import sites

GOOD = (
    "waivers:\n- control: HF-SSH-001\n  system: edoc\n  reason: old scanners log in with a password\n"
    "  owner: lan\n  approver: hoa\n  from: 2026-10-01\n  until: 2026-12-31\n"
)
DAY = date(2026, 11, 25)


def waiver(system: str = "edoc", control: str = "HF-SSH-001", since: date = DAY, until: date = DAY) -> Waiver:
    return Waiver(control=control, system=system, reason="why", owner="lan", approver="hoa", since=since, until=until)


def test_a_waiver_holds_from_its_first_day_to_the_end_of_its_last(tmp_path: Path) -> None:
    found = sites.read(tmp_path / "site", waivers=GOOD).waivers
    for day in (date(2026, 10, 1), date(2026, 12, 31)):
        assert found.of_system("edoc", day)["HF-SSH-001"].owner == "lan"
    for day in (date(2026, 9, 30), date(2027, 1, 1)):
        assert found.of_system("edoc", day) == {}
    assert found.of_system("sso", DAY) == {}
    assert sites.read(tmp_path / "other").waivers == Waivers()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("owner: lan", "owner: lanh"), "waivers.yml:5: waivers.0.owner: no login 'lanh'"),
        (("approver: hoa", "approver: lan"), "waivers.yml:6: waivers.0.approver: is the owner"),
        (("owner: lan\n  approver: hoa", "owner: hoa\n  approver: lan"), "Lan is neither approver nor head"),
        (("system: edoc", "system: edco"), "waivers.yml:3: waivers.0.system: no system 'edco'"),
        (("until: 2026-12-31", "until: 2026-09-30"), "waivers.yml:8: waivers.0.until: is before `from`"),
        (("until: 2026-12-31", "until: 2027-10-01"), "lasts longer than 182 days, the most at level 3"),
        (("until: 2026-12-31", "until: soon"), "waivers.yml:8: waivers.0.until"),
        (("  until: 2026-12-31\n", ""), "until is missing"),
        (("reason: old scanners log in with a password", "reason: ''"), "waivers.0.reason"),
        (("  owner", "  colour: red\n  owner"), "unknown key"),
    ],
)
def test_a_waiver_that_is_not_whole_is_a_fault_with_its_line(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    told = sites.faults(tmp_path / "site", waivers=GOOD.replace(*change))
    assert any(said in line for line in told), told


def test_a_waiver_with_a_fault_hides_no_fault_of_names_in_the_same_file(tmp_path: Path) -> None:
    second = GOOD.removeprefix("waivers:\n").replace("edoc", "edco").replace("lan\n", "lanh\n")
    root = sites.make(tmp_path / "site", waivers=GOOD.replace("until: 2026-12-31", "until: soon") + second)
    with pytest.raises(SiteError) as caught:
        waivers.load(root, people.load(root / "people.yml"), {}, [], ["HF-SSH-010"])
    assert [problem.key for problem in caught.value.problems] == [
        "waivers.0.until",
        "waivers.0.control",
        "waivers.1.control",
        "waivers.1.owner",
        "waivers.1.system",
    ]


def test_a_control_that_does_not_exist_is_named_with_its_line(tmp_path: Path) -> None:
    root = sites.make(tmp_path / "site", waivers=GOOD)
    assert waivers.load(root, None, None, [], ["HF-SSH-001"]).all
    with pytest.raises(SiteError) as caught:
        waivers.load(root, None, None, [], ["HF-SSH-010"])
    (problem,) = caught.value.problems
    assert (problem.line, problem.what) == (2, "no control 'HF-SSH-001'")


def test_an_ended_waiver_and_one_that_ends_soon_are_warned_about(tmp_path: Path) -> None:
    found = sites.read(tmp_path / "site", waivers=GOOD).waivers
    codes = {day: [each.code for each in found.remarks(day)] for day in (DAY, date(2026, 12, 20), date(2027, 1, 1))}
    assert list(codes.values()) == [[], ["waiver_ends"], ["waiver_ended"]]


@given(
    st.lists(st.sampled_from(["edoc", "sso", "lgsp"]), unique=True), st.lists(st.sampled_from(["edoc", "sso", "lgsp"]))
)
def test_on_a_shared_host_a_control_is_waived_only_if_every_system_waives_it(
    carried: list[str], waived: list[str]
) -> None:
    found = Waivers(tuple(waiver(system) for system in waived)).of_host(carried, DAY)
    assert bool(found) == (bool(carried) and set(carried) <= set(waived))


def test_of_several_waivers_the_one_that_ends_first_is_told() -> None:
    both = Waivers((waiver("edoc", until=DAY + timedelta(days=9)), waiver("sso", until=DAY + timedelta(days=2))))
    assert both.of_host(["edoc", "sso"], DAY)["HF-SSH-001"].system == "sso"


@pytest.mark.parametrize("level", range(1, 6))
def test_how_long_one_may_last_is_our_own_proposal_whatever_packs_are_chosen(level: int) -> None:
    assert waivers.longest(level, ["vn-2026"]) == waivers.longest(level, ["baseline"])
    assert waivers.longest(level, ["baseline"]) <= timedelta(days=365)
