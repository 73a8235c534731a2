from __future__ import annotations

from incident.doctor import staff
from inventory.people import People, Person

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43


def test_every_kind_of_work_needs_two_people() -> None:
    alone = People(people=[Person(name="Lan", login="root", roles=["operator", "responder", "approver"])])
    assert {each.subject: each.state for each in staff.roles(alone)} == {
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
