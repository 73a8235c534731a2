from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from inventory import register_warnings
from inventory.registers import Shift
from tests.inventory import sites

NOW = datetime(2026, 11, 25, 9)
HOURS = st.integers(0, 200).map(lambda hours: NOW + timedelta(hours=hours))


def shift(begin: datetime, end: datetime) -> Shift:
    return Shift(since=begin, until=end, login="lan")


def said(root: Path, code: str, now: datetime = NOW, **files: str) -> list[str]:
    found = register_warnings.of(sites.read(root, **files), now)
    return [each.text for each in found if each.code.startswith(code)]


@given(st.lists(st.tuples(HOURS, st.integers(1, 60)), max_size=8))
def test_every_hour_of_the_week_is_on_duty_or_in_a_gap_and_never_both(shifts: list[tuple[datetime, int]]) -> None:
    real = [shift(begin, begin + timedelta(hours=hours)) for begin, hours in shifts]
    found = register_warnings.gaps(real, NOW, NOW + timedelta(days=7))
    for hour in range(7 * 24):
        moment = NOW + timedelta(hours=hour, minutes=30)
        on_duty = any(each.since <= moment < each.until for each in real)
        assert on_duty != any(begin <= moment < end for begin, end in found)


def test_an_empty_shift_of_the_coming_week_is_told_and_a_site_without_a_roster_is_not(tmp_path: Path) -> None:
    roster = "shifts:\n- {from: 2026-11-25 08:00, until: 2026-11-30 08:00, login: lan}\n"
    roster += "- {from: 2026-11-30 20:00, until: 2026-12-03 08:00, login: hoa}\n"
    assert said(tmp_path / "a", "roster_empty", registers__roster=roster) == [
        "nobody is on duty from 2026-11-30 08:00 to 2026-11-30 20:00"
    ]
    assert said(tmp_path / "b", "roster_empty") == []
    many = said(tmp_path / "c", "roster_empty", registers__roster=odd_days())
    assert many[-1] == "nobody is on duty at 2 more times this week"


def odd_days() -> str:
    days = [NOW.replace(hour=0) + timedelta(days=day) for day in range(1, 7)]
    return "shifts:\n" + "".join(f"- {{from: {day}, until: {day + timedelta(hours=12)}, login: lan}}\n" for day in days)


def test_a_shift_of_somebody_who_has_left_by_then_is_told(tmp_path: Path) -> None:
    roster = "shifts:\n- {from: 2026-11-25 08:00, until: 2027-01-02 08:00, login: minh}\n"
    assert said(tmp_path / "a", "roster_away", registers__roster=roster) == [
        "the shift from 2026-11-25 08:00: Minh acted until 2026-12-31"
    ]
    until_midnight = roster.replace("2027-01-02 08:00", "2027-01-01 00:00")
    assert said(tmp_path / "b", "roster_away", registers__roster=until_midnight) == []


def test_who_was_never_trained_or_too_long_ago_is_told(tmp_path: Path) -> None:
    training = (
        "trainings:\n- {title: Old, day: 2025-11-24, logins: [hoa]}\n- {title: New, day: 2025-11-25, logins: [lan]}\n"
    )
    assert said(tmp_path / "a", "training", registers__training=training) == [
        "Hoa was last trained on 2025-11-24; every 365 days is asked",
        "Minh was never trained; every 365 days is asked",
    ]


def test_a_decision_that_says_another_level_than_the_inventory_is_told(tmp_path: Path) -> None:
    old = "- {system: edoc, level: 3, number: 1/QD, date: 2024-01-05, by: X}\n"
    new = "- {system: edoc, level: 4, number: 2/QD, date: 2026-01-05, by: X}\n"
    assert said(tmp_path / "a", "level_differs", registers__level_decisions=f"decisions:\n{old}{new}") == [
        "2/QD puts edoc at level 4, the inventory says 3"
    ]
    assert said(tmp_path / "b", "level_differs", registers__level_decisions=f"decisions:\n{new}{old}") == []


def test_a_regulation_issued_after_its_approval_is_told(tmp_path: Path) -> None:
    late, good = "issued: 2026-01-06, approved: 2026-01-05", "issued: 2026-01-05, approved: 2026-01-05"
    text = f"regulations:\n- {{title: Rules, {late}}}\n- {{title: Good, {good}}}\n"
    assert said(tmp_path / "a", "regulation_late", registers__regulations=text) == [
        "Rules was issued on 2026-01-06, after its approval on 2026-01-05"
    ]


def test_a_finding_not_mended_in_time_is_told(tmp_path: Path) -> None:
    late = "{day: 2026-05-01, by: The inspectorate, found: no seal number, mend_by: 2026-06-01}"
    done = "{day: 2026-05-01, by: Y, mend_by: 2026-06-01, mended: 2026-05-20}"
    assert said(tmp_path / "a", "finding_open", registers__inspections=f"inspections:\n- {late}\n- {done}\n") == [
        "what The inspectorate found on 2026-05-01 was to be mended by 2026-06-01: no seal number"
    ]
