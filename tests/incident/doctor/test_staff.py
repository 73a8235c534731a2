from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from incident.doctor import staff
from inventory.people import People, Person
from tests.inventory import sites

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 9)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43


def test_every_kind_of_work_needs_two_people() -> None:
    alone = People(people=[Person(name="Lan", login="root", roles=["operator", "responder", "approver"])])
    assert {each.subject: each.state for each in staff.roles(alone, TODAY)} == {
        "operator": "amber",
        "responder": "amber",
        "approver": "amber",
        "security": "red",
    }


def test_who_only_looks_needs_no_key_but_who_decides_does() -> None:
    people = People(
        people=[
            Person(name="Lan", login="root", roles=["viewer"]),
            Person(name="Minh", login="daemon", roles=["head"]),
            Person(name="Hoa", login="bin", roles=["approver"], key=KEY + " hoa@office"),
        ]
    )
    assert [(each.subject, each.state) for each in staff.keys(people)] == [("Minh", "amber"), ("Hoa", "green")]


def test_who_has_left_does_nothing_any_more() -> None:
    left = Person(name="Lan", login="root", roles=["operator"], until=date(2026, 11, 24))
    assert [each.found for each in staff.roles(People(people=[left]), TODAY)] == [
        "people.yml names nobody who acts today: everybody may only read"
    ]


def test_an_empty_shift_of_the_week_is_red_and_a_site_without_a_roster_does_not_pass(tmp_path: Path) -> None:
    roster = "shifts:\n- {from: 2026-11-25 08:00, until: 2026-11-30 08:00, login: lan}\n"
    found = [*staff.on_duty(sites.read(tmp_path / "a", registers__roster=roster), NOW)]
    assert ("red", "nobody is on duty from 2026-11-30 08:00 to 2026-12-02 09:00") in [
        (each.state, each.found) for each in found
    ]
    assert "no roster is kept" in next(iter(staff.on_duty(sites.read(tmp_path / "b"), NOW))).found
