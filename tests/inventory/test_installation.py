from __future__ import annotations

import json
from pathlib import Path

import pytest

from inventory import installation
from inventory.errors import RefusedError
from inventory.installation import Account, File, Folder, Key, Seen, Service, Wanted, judge
from inventory.people import Person
from inventory.rights import Right

FILE = File(Path("/etc/x"), "wanted\n", 0o644)
SAME = installation.digest("wanted\n")
OLD = installation.digest("older\n")


def wanted(*people: Person, systemd: bool = True) -> Wanted:
    known = (Right("today", ("viewer", "operator"), ("--json",)),)
    return Wanted(Path("/etc/holdfast/site"), "try-1", people, known, Path("/opt/holdfast/bin/python"), systemd=systemd)


@pytest.mark.parametrize(
    ("seen", "made", "change"),
    [
        (None, {}, "make"),
        (Seen("file", "root", 0o644, SAME), {}, ""),
        (Seen("file", "root", 0o644, SAME), {"/etc/x": SAME}, ""),
        (Seen("file", "root", 0o644, OLD), {"/etc/x": OLD}, "change"),
        (Seen("file", "root", 0o666, SAME), {"/etc/x": SAME}, "change"),
        (Seen("file", "root", 0o644, OLD), {}, "refuse"),
        (Seen("file", "root", 0o644, OLD), {"/etc/x": SAME}, "refuse"),
        (Seen("folder", "root", 0o755), {"/etc/x": SAME}, "refuse"),
        (Seen("other", "root", 0o777), {}, "refuse"),
    ],
)
def test_a_file_is_changed_only_if_it_is_as_we_wrote_it(seen: Seen | None, made: dict[str, str], change: str) -> None:
    step = judge(FILE, seen, made)
    assert step.change == change
    assert bool(step.why) == (change == "refuse")


@pytest.mark.parametrize(
    ("seen", "change"),
    [
        (None, "make"),
        (Seen("login", shell="/usr/sbin/nologin", uid=120), ""),
        (Seen("login", shell="/bin/false", uid=120), ""),
        (Seen("login", shell="/bin/bash", uid=120), "refuse"),
        (Seen("login", shell="/usr/sbin/nologin", uid=1000), "refuse"),
    ],
)
def test_a_user_that_somebody_could_log_in_as_is_not_ours(seen: Seen | None, change: str) -> None:
    assert judge(Account("holdfast", Path("/x")), seen, {}).change == change


@pytest.mark.parametrize(
    ("seen", "made", "change"),
    [
        (None, {}, "make"),
        (Seen("folder", "holdfast", 0o700), {}, ""),
        (Seen("folder", "holdfast", 0o755), {"/s": ""}, "change"),
        (Seen("folder", "holdfast", 0o755), {}, "refuse"),
        (Seen("folder", "lan", 0o700), {"/s": ""}, "refuse"),
        (Seen("file", "holdfast", 0o700), {"/s": ""}, "refuse"),
    ],
)
def test_a_directory_of_somebody_else_is_not_taken(seen: Seen | None, made: dict[str, str], change: str) -> None:
    assert judge(Folder(Path("/s"), "holdfast", 0o700), seen, made).change == change


def test_a_key_is_made_once_and_a_service_started_when_it_does_not_run() -> None:
    key, service = Key("key", Path("/k"), ("x",)), Service("u")
    assert [judge(key, None, {}).change, judge(key, Seen("file"), {}).change] == ["make", ""]
    assert [judge(service, None, {}).change, judge(service, Seen("service"), {}).change] == ["make", ""]


@pytest.mark.parametrize("login", ["lan ALL=(ALL) NOPASSWD: ALL", "ALL", "%sudo", "#0", "lan\nminh", "", "holdfast"])
def test_a_login_that_would_be_more_than_a_login_is_refused(login: str) -> None:
    person = Person.model_construct(name="Lan", login=login, roles=["operator"])
    with pytest.raises(RefusedError):
        installation.parts(wanted(person))


def test_root_needs_no_rule_and_without_systemd_there_is_no_service() -> None:
    parts = installation.parts(wanted(Person(name="Root", login="root", roles=["operator"]), systemd=False))
    [sudoers] = [part for part in parts if isinstance(part, File) and part.proof == "sudoers"]
    assert "root ALL" not in sudoers.content
    assert not any(isinstance(part, Service) for part in parts)


def test_every_part_has_a_name_of_its_own_and_the_record_keeps_them() -> None:
    names = [installation.name_of(part) for part in installation.parts(wanted())]
    assert len(set(names)) == len(names)
    content = json.loads(installation.record(wanted(), dict.fromkeys(names, "")))
    assert (content["state"], content["user"], list(content["made"])) == ("/var/lib/holdfast/try-1", "holdfast", names)
