"""A healthy site is green, and every fault that is provoked is named: what, in which state, in which words."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.clock import SystemClock
from incident.doctor import examine, stores
from incident.doctor.patient import Machine
from incident.watch import heartbeat
from incident.watch.heartbeat import Beat
from inventory import clock as clocks
from ledger import outbox
from tests.backup.world import HOST, LABEL, SYSTEM, World
from tests.fakes.clock import FakeClock
from tests.incident.doctor import healthy as sites
from tests.incident.doctor.healthy import edit, examined, machine, not_green

pytestmark = pytest.mark.restic
LONG_AGO = datetime(2026, 1, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Named:
    """What the doctor must say of a fault."""

    check: str
    state: str
    words: str


def site_file(world: World, name: str) -> Path:
    return world.root / "site" / name


def settings(world: World, old: str, new: str) -> None:
    edit(site_file(world, "holdfast.yml"), old, new)


def inventory(world: World, old: str, new: str) -> None:
    edit(site_file(world, "inventory/edoc.yml"), old, new)


def people(world: World, old: str, new: str) -> None:
    edit(site_file(world, "people.yml"), old, new)


def key_file(world: World) -> Path:
    return world.state / "keys/vault/main" / SYSTEM


def open_state(world: World) -> None:
    world.state.chmod(0o755)


def open_key(world: World) -> None:
    key_file(world).chmod(0o644)


def empty_key(world: World) -> None:
    key_file(world).write_text("")


def lost_key(world: World) -> None:
    key_file(world).unlink()


def open_ledger(world: World) -> None:
    (world.state / "ledger.db").chmod(0o644)


def strange_file(world: World) -> None:
    (world.state / "left-by-somebody").write_text("x")
    os.chown(world.state / "left-by-somebody", 1, 1)


def open_site(world: World) -> None:
    site_file(world, "people.yml").chmod(0o666)


def open_rules(world: World) -> None:
    (world.root / "site/runbooks").mkdir(mode=0o777)
    (world.root / "site/runbooks").chmod(0o777)


def open_way(world: World) -> None:
    world.root.chmod(0o777)


def dead_vault(world: World) -> None:
    world.vault.rename(world.root / "gone")


def other_vault(world: World) -> None:
    marker = world.vault / "holdfast-vault.json"
    marker.write_text(marker.read_text().replace('"id": "', '"id": "f'))


def emptied_vault(world: World) -> None:
    shutil.rmtree(world.vault)
    world.vault.mkdir(mode=0o700)


def lost_repository(world: World) -> None:
    shutil.rmtree(world.vault / SYSTEM)


def lost_source(world: World) -> None:
    world.data.rename(world.data.with_name("moved"))


def postgresql(world: World) -> None:
    inventory(world, "- {sqlite: /srv/edoc/edoc.db, host: documents-1}", "- {postgresql: edoc, host: documents-1}")


def far_host(world: World) -> None:
    inventory(world, "documents-1: {ansible_connection: local", "documents-1: {ansible_connection: ssh")


def lost_host(world: World) -> None:
    (world.root / "hosts/spare-1").rmdir()


def lost_host_tonight(world: World) -> None:
    (world.root / "hosts" / HOST).rename(world.root / "hosts/away")


def attached_medium(world: World) -> None:
    world.ledger.append("medium.attached", {"store": LABEL, "path": "x"})


def unproved_medium(world: World) -> None:
    world.ledger.append("medium.attached", {"store": LABEL, "path": "x"})
    world.ledger.append("medium.detached", {"store": LABEL, "path": "x"})


def answering_medium(world: World) -> None:
    world.ledger.append("medium.probed", {"store": LABEL, "reached": True, "tried": []})


def no_offline_copy(world: World) -> None:
    inventory(world, ", {media: weekly, every: 7d}", "")


def changed_record(world: World) -> None:
    with closing(sqlite3.connect(world.state / "ledger.db")) as database:
        database.execute("update records set hash = 'x' where seq = 9")
        database.commit()


def cut_record(world: World) -> None:
    with closing(sqlite3.connect(world.state / "ledger.db")) as database:
        database.execute("delete from records where seq = 9")
        database.commit()


def no_ledger(world: World) -> None:
    (world.state / "ledger.db").unlink()


def ruined_ledger(world: World) -> None:
    world.ledger.close()
    for file in world.state.glob("ledger.db*"):
        file.write_bytes(os.urandom(8192))


def bad_runbook(world: World) -> None:
    (world.root / "site/runbooks").mkdir()
    site_file(world, "runbooks/generic.yml").write_text("steps: nothing\n")


def no_runbook(world: World) -> None:
    inventory(world, "name: Documents", "name: Documents\n      runbook: other")


def bad_rule(world: World) -> None:
    (world.root / "site/rules").mkdir()
    site_file(world, "rules/bad.yml").write_text("title: Bad\ndetection: {}\n")


def silent_log(world: World) -> None:
    from detect import ruleset, sweep

    (world.root / "hosts" / HOST / "var/log/auth.log").unlink()
    sweep.run(world.site, world.ledger, world.state, ruleset.load(ruleset.standing()))


def silent_watch(world: World) -> None:
    heartbeat.write(world.state, Beat(heartbeat.LOOP, LONG_AGO, LONG_AGO))


def failing_watch(world: World) -> None:
    heartbeat.write(world.state, Beat("backup", LONG_AGO, SystemClock().now(), 3, "the vault main is not there"))


def dead_letter(world: World) -> None:
    world.ledger.__dict__["clock"] = FakeClock(SystemClock().now())
    outbox.put(world.ledger, "alert 1", "duty", {"subject": "x"})
    for _ in range(outbox.MOST_ATTEMPTS):
        [message] = outbox.due(world.ledger)
        mine = outbox.claim(world.ledger, message)
        assert mine is not None
        outbox.failed(world.ledger, mine, "nobody answers")
        world.ledger.clock.sleep(7200)


def letter_that_waits(world: World) -> None:
    outbox.put(world.ledger, "alert 1", "duty", {"subject": "x"})
    mine = outbox.claim(world.ledger, outbox.due(world.ledger)[0])
    assert mine is not None
    outbox.failed(world.ledger, mine, "nobody answers")


def no_channel(world: World) -> None:
    settings(world, "notifications: {duty: {command: [cat]}}", "")


def deaf_search_engine(world: World) -> None:
    settings(world, "notifications:", "elasticsearch: {url: 'https://127.0.0.1:9'}\nnotifications:")


def no_roster(world: World) -> None:
    site_file(world, "registers/roster.yml").unlink()


def nobody(world: World) -> None:
    site_file(world, "people.yml").write_text("people: []\n")
    site_file(world, "registers/roster.yml").unlink()


def no_approver(world: World) -> None:
    text = site_file(world, "people.yml").read_text()
    site_file(world, "people.yml").write_text(text.replace("approver, ", ""))


def one_operator(world: World) -> None:
    people(world, "login: daemon, roles: [operator, ", "login: daemon, roles: [")


def no_key(world: World) -> None:
    people(world, ", key: ", ", phone: ")


def no_login(world: World) -> None:
    people(world, "login: daemon", "login: nobody-knows")


FAULTS: dict[Callable[[World], None], Named] = {
    open_state: Named("state-private", "red", "others may enter"),
    open_ledger: Named("state-private", "red", "others may read"),
    strange_file: Named("state-private", "red", "left-by-somebody"),
    open_key: Named("keys-private", "red", f"main/{SYSTEM}"),
    empty_key: Named("keys-private", "red", "empty"),
    lost_key: Named("repositories", "red", "is missing"),
    open_site: Named("site-guarded", "red", "people.yml"),
    open_rules: Named("site-guarded", "red", "runbooks"),
    open_way: Named("site-guarded", "red", "exchange"),
    dead_vault: Named("vault-main", "red", "is not at"),
    other_vault: Named("vault-main", "red", "another vault"),
    emptied_vault: Named("vault-main", "red", "no longer holds"),
    lost_repository: Named("repositories", "red", f"the repository of {SYSTEM} is gone"),
    attached_medium: Named("media-due", "amber", "attached"),
    unproved_medium: Named("media-due", "amber", "nobody has probed it"),
    answering_medium: Named("media-due", "red", "answered a probe"),
    no_offline_copy: Named("media-due", "amber", "no system has a copy on offline media"),
    changed_record: Named("ledger", "red", "record 9 was changed"),
    cut_record: Named("ledger", "red", "record 9 is missing"),
    no_ledger: Named("ledger", "red", "the site's ledger is lost"),
    ruined_ledger: Named("ledger", "unknown", "could not be checked"),
    bad_runbook: Named("runbooks", "red", "generic.yml"),
    no_runbook: Named("runbooks", "red", "'other'"),
    bad_rule: Named("rules", "amber", "1 rules cannot be run"),
    silent_log: Named("detection", "red", "silent"),
    silent_watch: Named("watch", "red", "last heard"),
    failing_watch: Named("watch", "red", "the vault main is not there"),
    dead_letter: Named("notices", "red", "1 messages were given up"),
    letter_that_waits: Named("notices", "amber", "nobody answers"),
    no_channel: Named("notices", "amber", "no channel"),
    deaf_search_engine: Named("elasticsearch", "red", "cannot be reached"),
    no_roster: Named("people-on-duty", "amber", "no roster is kept"),
    nobody: Named("people", "red", "names nobody"),
    no_approver: Named("people", "red", "nobody is approver"),
    one_operator: Named("people", "amber", "only Lan is operator"),
    no_key: Named("people-keys", "amber", "has no SSH key"),
    no_login: Named("people-logins", "amber", "no login nobody-knows"),
    lost_host: Named("hosts", "red", "there is nothing at"),
}
"""Faults of a site; each is made for real, alone."""

TONIGHT: dict[Callable[[World], None], str] = {
    lost_source: "documents-1:/srv/edoc is missing",
    postgresql: "PostgreSQL (edoc)",
    far_host: "ssh",
    lost_host_tonight: "is missing",
    dead_vault: "is not at",
    emptied_vault: "no longer holds",
    lost_key: "cannot be read",
    empty_key: "is empty",
    lost_repository: "gone",
}
"""Faults that stop the next copy, each with the words by which it is foretold."""


def test_a_healthy_site_is_green_in_every_answer(healthy: World) -> None:
    found = examined(healthy)
    assert not_green(found) == []
    assert {check.id for check in examine.checks(sites.patient(healthy))} == {each.check for each in found.findings}
    assert (found.state, list(found.skipped)) == ("green", [])


def test_looking_changes_nothing(healthy: World) -> None:
    before = picture(healthy.root)
    examined(healthy)
    assert picture(healthy.root) == before


def picture(root: Path) -> dict[str, tuple[int, int]]:
    """Return mode and size of everything but the database's own companions."""
    return {
        str(path.relative_to(root)): (path.lstat().st_mode, 0 if path.is_dir() else path.lstat().st_size)
        for path in sorted(root.rglob("*"))
        if not path.name.startswith("ledger.db-")
    }


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_is_named(healthy: World, fault: Callable[[World], None]) -> None:
    fault(healthy)
    named = FAULTS[fault]
    fitting = [each for each in not_green(examined(healthy)) if each.check == named.check]
    assert any(each.state == named.state and named.words in each.found for each in fitting), fitting
    assert all(each.why and each.mend for each in fitting), "it says why it matters, and what mends it"


@pytest.mark.parametrize("fault", TONIGHT, ids=lambda fault: fault.__name__)
def test_what_will_fail_tonight_is_foretold(healthy: World, fault: Callable[[World], None]) -> None:
    fault(healthy)
    said = [each for each in not_green(examined(healthy)) if each.check == "tonight"]
    assert [each.state for each in said] == ["red"]
    assert "will fail" in said[0].found
    assert TONIGHT[fault] in said[0].found


@pytest.mark.parametrize("fault", [lost_source, dead_vault, empty_key], ids=lambda fault: fault.__name__)
def test_what_is_foretold_does_fail(healthy: World, fault: Callable[[World], None]) -> None:
    from backup import take

    fault(healthy)
    healthy.__dict__.pop("depot", None)
    assert take.back_up(healthy.depot, SYSTEM).status == "failed"


def test_a_clock_behind_the_newest_record_is_red(healthy: World) -> None:
    behind = FakeClock(SystemClock().now() - timedelta(hours=3))
    said = {each.check: each for each in not_green(examined(healthy, behind))}
    assert said["clock-back"].state == "red"
    assert "behind a record" in said["clock-back"].found


def test_a_day_without_watch_copies_or_checkpoint_is_told(healthy: World) -> None:
    later = FakeClock(SystemClock().now() + timedelta(days=40))
    said = {each.check: each for each in not_green(examined(healthy, later))}
    assert said["detection"].found.startswith("its logs were last read 40d")
    assert said["ledger-proved"].state == "red"
    assert said["media-due"].state == "red"


def test_a_clock_nobody_keeps_is_amber_and_a_silent_kernel_unknown(healthy: World) -> None:
    for answer, state in ((False, "amber"), (None, "unknown")):
        found = examined(healthy, machine=machine(synchronised=lambda answer=answer: answer))
        assert [(each.check, each.state) for each in not_green(found)] == [("clock-kept", state)]


def test_a_missing_restic_is_red(healthy: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOLDFAST_RESTIC", str(tmp_path / "none"))
    said = {(each.check, each.subject): each for each in not_green(examined(healthy))}
    assert said["versions", "restic"].state == "red"
    assert said["versions", "restic"].mend


def test_an_old_restic_is_red(healthy: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "restic"
    old.write_text("#!/bin/sh\necho 'restic 0.14.0 compiled with go1.19'\n")
    old.chmod(0o755)
    monkeypatch.setenv("HOLDFAST_RESTIC", str(old))
    said = {(each.check, each.subject): each for each in not_green(examined(healthy))}
    assert "0.14" in said["versions", "restic"].found


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes and few inodes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=1024,mode=700", "tmpfs", place]
    made = subprocess.run(mount, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def on_disk(world: World, disk: Path) -> None:
    """Put the vault onto a disk."""
    shutil.copytree(world.vault, disk / "vault", symlinks=True)
    settings(world, "../vault", str(disk / "vault"))


@pytest.mark.parametrize("how", ["bytes", "inodes"])
def test_a_full_disk_is_red(healthy: World, small_disk: Path, how: str) -> None:
    if how == "bytes":
        (small_disk / "filler").write_bytes(b"x" * 4_150_000)
    else:
        for number in range(990):
            (small_disk / f"file {number}").touch()
    settings(healthy, "../vault", str(small_disk))
    found = examined(healthy, machine=Machine(synchronised=lambda: True))
    said = [each for each in not_green(found) if each.check == "disks"]
    assert [(each.subject, each.state) for each in said if each.subject != "state"] == [("vault main", "red")]


def test_a_vault_without_room_for_the_next_copy_is_foretold(healthy: World, small_disk: Path) -> None:
    on_disk(healthy, small_disk)
    free = shutil.disk_usage(small_disk).free
    (small_disk / "filler").write_bytes(b"x" * max(0, free - 8192))
    said = [each for each in not_green(examined(healthy)) if each.check == "tonight"]
    assert "free, the copy needs" in said[0].found


def test_a_check_that_hangs_holds_up_nobody_and_is_unknown(healthy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "of_vault", lambda *_: time.sleep(30))
    monkeypatch.setattr(stores, "VAULT_SECONDS", 0.5)
    found = not_green(examined(healthy))
    assert [(each.check, each.state, each.found) for each in found] == [
        ("vault-main", "unknown", "no answer within 0.5 seconds")
    ]


def test_a_quick_round_leaves_the_hosts_out_and_says_so(healthy: World) -> None:
    found = examine.examine(sites.patient(healthy), quick=True)
    assert list(found.skipped) == ["hosts"]
    assert "hosts" not in {each.check for each in found.findings}


def test_the_worst_comes_first_and_json_has_the_documented_shape(healthy: World) -> None:
    open_key(healthy)
    no_login(healthy)
    shape = examined(healthy).as_json()
    assert list(shape) == ["checked_at", "state", "checks", "skipped"]
    assert clocks.from_text(shape["checked_at"])
    assert [each["state"] for each in shape["checks"]][:3] == ["red", "amber", "green"]
    assert list(shape["checks"][0]) == ["check", "subject", "state", "found", "why", "mend"]
