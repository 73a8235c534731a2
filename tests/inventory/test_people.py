from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from inventory import login, people
from inventory.errors import ExitCode, RefusedError
from inventory.lines import SiteError
from inventory.people import Actor, Contact, People, Person
from tests.inventory import signing

STAFF = People(people=[Person(name="Minh", login="minh", roles=["operator"]), Person(name="Lan", login="lan")])


def test_a_person_with_the_role_may() -> None:
    people.who("minh", STAFF).may("security", "operator")


def test_a_person_without_the_role_is_refused_with_what_it_needs() -> None:
    with pytest.raises(RefusedError, match="Lan holds viewer; this needs operator") as caught:
        people.who("lan", STAFF).may("operator")
    assert caught.value.exit_code == ExitCode.REFUSED


def test_an_unknown_login_may_only_read() -> None:
    actor = people.who("stranger", STAFF)
    assert actor == Actor("stranger", None)
    with pytest.raises(RefusedError, match="stranger is not in people") as caught:
        actor.may("operator", "responder")
    assert "operator or responder" in caught.value.hint


def test_a_person_acts_from_their_first_day_to_their_last_and_reads_otherwise() -> None:
    person = Person.model_validate({"name": "Lan", "login": "lan", "roles": ["head"], "until": "2026-12-31"})
    staff = People(people=[person.model_copy(update={"since": date(2026, 1, 1)})])
    for day in (date(2026, 1, 1), date(2026, 12, 31)):
        people.who("lan", staff, day).may("head")
    with pytest.raises(RefusedError, match="Lan acted until 2026-12-31 and may only read"):
        people.who("lan", staff, date(2027, 1, 1)).may("head")
    with pytest.raises(RefusedError, match="Lan acts from 2026-01-01 on"):
        people.who("lan", staff, date(2025, 12, 31)).may("head")
    assert people.who("lan", staff, date(2027, 1, 1)).roles == ()


def faults(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "people.yml"
    file.write_text(text)
    with pytest.raises(SiteError) as caught:
        people.load(file)
    return [str(problem).removeprefix(str(file)) for problem in caught.value.problems]


def test_every_fault_of_the_list_is_told_with_its_line(tmp_path: Path) -> None:
    text = """people:
- {name: Hoa, login: hoa, deputy: hoa}
- {name: Lan, login: hoa}
- name: Minh
  login: minh
  deputy: ghost
- name: Vo
  login: vo
  from: 2026-02-01
  until: 2026-01-01
"""
    assert faults(tmp_path, text) == [
        ":2: people.0.deputy: nobody is their own deputy (name another login)",
        ":3: people.1.login: login 'hoa' belongs to somebody else too",
        ":6: people.2.deputy: no login 'ghost' (logins: hoa, hoa, minh, vo)",
        ":10: people.3.until: is before `from` (nobody acts for less than a day)",
    ]


def test_a_key_that_is_none_a_role_that_is_none_and_a_day_that_is_none_are_told(tmp_path: Path) -> None:
    told = faults(
        tmp_path,
        "people:\n- {name: A, login: a, key: ssh-dss AAAA}\n- {name: B, login: b, roles: [king], until: soon}\n",
    )
    assert [line.split(":")[1] for line in told] == ["2", "3", "3"]
    assert "kind 'ssh-dss'" in told[0]


def test_one_key_of_two_people_is_a_fault_and_twice_the_same_for_one_is_not(tmp_path: Path) -> None:
    key = signing.public(signing.key(tmp_path, "shared"))
    bare = key.rsplit(maxsplit=1)[0]
    text = f"people:\n- {{name: A, login: a, key: {key} }}\n- {{name: B, login: b, keys: [{bare}]}}\n"
    (told,) = faults(tmp_path, text)
    assert told.startswith(":3: people.1.keys: B has a key of A: SHA256:")
    file = tmp_path / "people.yml"
    file.write_text(f"people:\n- {{name: A, login: a, key: {key}, keys: [{key}]}}\n")
    assert people.load(file).people[0].public_keys[0].line == " ".join(key.split()[:2])


def test_a_site_without_a_list_has_no_people(tmp_path: Path) -> None:
    assert people.load(tmp_path / "people.yml") == People()


def test_what_would_hurt_in_an_incident_is_warned_about() -> None:
    today = date(2026, 11, 25)
    staff = [
        Person(name="Hoa", login="hoa", roles=["approver"]),
        Person.model_validate({"name": "Old", "login": "old", "roles": ["responder"], "until": "2026-11-24"}),
    ]
    contacts = {
        "press": Contact(name="An", phone="1", verified=date(2025, 11, 24)),
        "isp": Contact(name="Binh", phone="1", verified=today),
        "cert": Contact(name="Chi"),
        "power": Contact(name="Dung", email="d@e"),
    }
    found = people.warnings(People(people=staff, contacts=contacts), today)
    assert {code for code, _ in found} == {"people_roles", "people_keys", "people_ended", "contacts"}
    assert [text for _, text in found] == [
        "nobody with the role responder is there to recover",
        "nobody with the role head is there to decide",
        "no key to sign approvals with: Hoa",
        "Old (old) may only read: Old acted until 2026-11-24",
        "contacts: nobody is named for the police, who lead",
        "contacts: press (An) was last tried out on 2025-11-24, more than a year ago",
        "contacts: cert (Chi) has neither phone nor e-mail",
        "contacts: power (Dung) was never tried out (`verified: DAY`)",
    ]


def test_a_login_that_runs_this_is_the_one_behind_the_process() -> None:
    assert people.current_login() == login.current()
