"""The sample province: every system a province runs, valid as it is written, and nothing in it real."""

from __future__ import annotations

import ipaddress
import json
import re
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
import yaml

from incident import runbook
from inventory import people, reach, site, starter
from inventory.graph import hurries
from inventory.site import Site
from inventory.system import HttpCheck, MediaCopy, VaultCopy
from tests.inventory import starting

DOCUMENTATION = [
    ipaddress.ip_network(each) for each in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]

PROVINCE = {
    # key: level, hours until it must be back, what it needs at least, runbook
    "apis": (3, 8, {"sso", "lgsp"}, "database-service"),
    "edoc": (3, 8, {"sso"}, "document-service"),
    "rpt": (2, 24, {"sso"}, "database-service"),
    "lgsp": (3, 4, {"sso", "net"}, "platform"),
    "ioc": (3, 24, {"lgsp"}, "platform"),
    "dc": (3, 3, {"net"}, "platform"),
    "sso": (3, 4, {"dc", "net"}, "identity"),
    "pki": (2, 24, set(), "database-service"),
    "dw": (3, 24, {"lgsp"}, "database-service"),
    "portal": (3, 8, {"sso", "apis"}, "web"),
    "app": (3, 24, {"portal"}, "web"),
    "emc": (2, 24, set(), "generic"),
    "land": (3, 24, {"lgsp"}, "database-service"),
    "civil": (3, 24, {"lgsp"}, "database-service"),
    "spec": (2, 24, {"lgsp"}, "database-service"),
    "emr": (3, 8, {"sso"}, "medical"),
    "ehb": (3, 24, {"emr"}, "database-service"),
    "edu": (2, 24, {"sso"}, "database-service"),
    "reg": (3, 24, {"sso"}, "database-service"),
    "pay": (3, 24, {"apis"}, "database-service"),
    "csc": (1, 24, {"net", "portal"}, "workplace"),
    "ai": (2, 24, {"edoc"}, "generic"),
    "iot": (1, 72, {"net"}, "generic"),
    "open": (1, 24, {"dw"}, "web"),
    "net": (3, 2, set(), "network"),
    "siem": (3, 4, {"dc"}, "self"),
}
EXTERNAL = {"nq57", "npsp", "vneid", "ndb"}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Site:
    root = tmp_path_factory.mktemp("sample") / "province"
    starter.make(root, name="Sample", login="minh", kind="sample", today=starting.TODAY)
    return site.load(root)


def test_it_has_every_system_of_the_province_with_its_level_target_needs_and_runbook(sample: Site) -> None:
    found = {
        key: (each.level, each.rto / timedelta(hours=1), set(each.depends_on), each.runbook)
        for key, each in sample.own.items()
    }
    assert found.keys() == PROVINCE.keys()
    for key, (level, hours, needs, book) in PROVINCE.items():
        assert found[key][:2] == (level, hours), key
        assert needs <= found[key][2] <= needs | EXTERNAL, key
        assert found[key][3] == book
    assert sample.systems.keys() - sample.own.keys() == EXTERNAL


def test_what_others_run_has_no_hosts_and_something_needs_each_of_them(sample: Site) -> None:
    assert {key for key in EXTERNAL if sample.members.get(key)} == set()
    assert {sample.systems[key].runbook for key in EXTERNAL} == {"dependency"}
    assert {need for each in sample.own.values() for need in each.depends_on} >= EXTERNAL


def test_every_own_system_says_all_that_bringing_it_back_needs(sample: Site) -> None:
    for key, each in sample.own.items():
        assert sample.members[key], key
        assert each.data, key
        assert {type(copy) for copy in each.copies} == {VaultCopy, MediaCopy}, key
        assert each.logs, key
        assert each.normal_when, key
        assert set(each.drill_targets) >= {source.host for source in each.data}, key
        assert set(each.drill_targets.values()) <= set(sample.members["spare"]), key
        assert all(each.drill_targets[host] != host for host in each.drill_targets), key
        assert len(set(each.drill_targets.values())) == len(each.drill_targets), key
        assert each.unit, key
        assert each.accountable, key
    assert all(each.name and each.name_local for each in sample.systems.values())


def test_no_target_is_shorter_than_that_of_what_it_needs_and_the_one_exception_is_approved(sample: Site) -> None:
    assert hurries(sample.systems) == ()
    assert sample.systems["iot"].rto_reason
    approver = sample.systems["iot"].rto_approver
    assert "approver" in next(person.roles for person in sample.people.people if person.name == approver)


def test_the_known_numbers_are_there(sample: Site) -> None:
    assert sample.systems["sso"].data_subjects.basic == 35_200
    assert sample.systems["pki"].data_subjects.basic == 67_668
    assert "2,000 procedures" in sample.systems["apis"].serves
    assert sample.systems["emr"].data_subjects.sensitive > 0


def test_machines_are_shared_where_that_is_natural(sample: Site) -> None:
    carried = {host: [key for key in sample.own if host in sample.members[key]] for host in sample.hosts}
    assert {host for host, keys in carried.items() if len(keys) > 1} >= {"apps-1", "web-1", "registry-db-1", "emr-db-1"}


def test_every_runbook_it_names_is_there(sample: Site) -> None:
    runbook.check(sample)


def test_somebody_holds_every_role_and_everybody_invented_has_a_deputy_and_no_key(sample: Site) -> None:
    staff = sample.people.people
    assert {role for person in staff for role in person.roles} == set(get_args(people.Role))
    logins = {person.login for person in staff}
    for person in staff[1:]:
        assert person.deputy in logins - {person.login}
        assert person.phone.startswith("+84 000 ")
        assert person.key == ""
    assert all(contact.phone.startswith("+84 000 ") for contact in sample.people.contacts.values())


def test_nothing_in_it_is_real(sample: Site) -> None:
    for host in sample.hosts.values():
        address = ipaddress.ip_address(host.address)
        assert any(address in network for network in DOCUMENTATION), host
    checks = [check for each in sample.own.values() for check in each.normal_when if isinstance(check, HttpCheck)]
    assert all(re.fullmatch(r"https://[a-z]+\.province\.example/\S*", check.http) for check in checks)
    for file in sorted(starter.content("sample").rglob("*.yml")):
        text = file.read_text(encoding="utf-8")
        for found in re.findall(r"\b\d+\.\d+\.\d+\.\d+\b", text):
            assert any(ipaddress.ip_address(found) in network for network in DOCUMENTATION), (file.name, found)
        for found in re.findall(r"[\w.]+@([\w.]+)", text):
            assert found.endswith(".example"), (file.name, found)


def test_registers_and_waivers_speak_of_people_and_systems_there_are_and_of_days_around_today(sample: Site) -> None:
    registers = {file.stem: yaml.safe_load(file.read_text()) for file in (sample.root / "registers").glob("*.yml")}
    assert sorted(registers) == ["inspections", "level_decisions", "regulations", "roster", "training"]
    logins = {person.login for person in sample.people.people}
    shifts = registers["roster"]["shifts"]
    assert {shift["login"] for shift in shifts} | {shift["deputy"] for shift in shifts} <= logins
    assert shifts[0]["from"] == f"{starting.TODAY} 00:00"
    assert all(one["until"] == next_["from"] for one, next_ in pairwise(shifts))
    assert {login for each in registers["training"]["trainings"] for login in each["logins"]} == logins
    for decided in registers["level_decisions"]["decisions"]:
        decision = sample.systems[decided["system"]].level_decision
        assert decision is not None
        assert (decided["number"], decided["date"]) == (decision.number, decision.date)
        assert decided["level"] == sample.systems[decided["system"]].level
    (waiver,) = yaml.safe_load((sample.root / "waivers.yml").read_text())["waivers"]
    assert waiver["system"] in sample.systems
    assert {waiver["owner"], waiver["approver"]} <= logins
    assert waiver["owner"] != waiver["approver"]
    assert waiver["from"] < starting.TODAY < waiver["until"]


def test_no_place_is_left_unfilled(sample: Site) -> None:
    assert [file.name for file in sample.root.rglob("*.yml") if "$" in file.read_text()] == []


@pytest.mark.ansible
def test_ansible_reads_the_same_groups_and_hosts(sample: Site) -> None:
    program = str(Path(sys.executable).parent / "ansible-inventory")
    outcome = reach.run(reach.Command((program, "-i", str(sample.inventory), "--list", "--export"), limit=120))
    assert outcome.exit_code == 0, outcome.stderr
    assert "WARNING" not in outcome.stderr
    groups = json.loads(outcome.stdout)
    for key in (*sample.systems, "spare"):
        assert groups.get(key, {}).get("hosts", []) == list(sample.members.get(key, ())), key
    assert groups["apis"]["vars"]["system"]["rto"] == "8h"
    assert set(groups["_meta"]["hostvars"]) == set(sample.hosts)
