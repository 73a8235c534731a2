"""Checks of this machine: programs, clock, room on disks."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from importlib import metadata
from itertools import pairwise
from pathlib import Path

from backup import depot
from backup.restic import Restic, find
from incident.doctor.finding import Check, Found
from incident.doctor.patient import Patient, Room
from incident.facts import State
from inventory import clock as clocks
from inventory import duration, reach, size
from inventory.errors import HoldfastError, MissingToolError
from ledger.ledger import Ledger

_ANSIBLE = ((2, 18), (2, 21))
_LITTLE, _SCARCE = 0.05, 0.15
"""Shares of free room below which a disk is red, and amber: our own proposal."""
_SOON, _NEXT = timedelta(days=14), timedelta(days=1)
_BACK = timedelta(seconds=2)
_LOOKED_BACK = timedelta(days=30)
_NEWEST = 200


def checks(patient: Patient) -> list[Check]:
    """Return the checks of this machine."""
    programs = "Holdfast only drives them: without the right one a copy or a recovery fails when it is needed"
    return [
        Check("versions", programs, lambda: versions(patient), limit=60),
        Check(
            "clock-kept",
            "logs, copies and clocks of incidents are compared by time; a clock nobody keeps makes them wrong",
            lambda: kept(patient),
            mend="timedatectl set-ntp true",
        ),
        Check(
            "clock-back",
            "with a clock that went back, due copies seem fresh and deadlines seem far",
            lambda: not_back(patient),
            mend="timedatectl status",
        ),
        Check(
            "disks",
            "a full disk stops copies, and the ledger with them",
            lambda: disks(patient),
            mend="df -h",
        ),
    ]


def versions(patient: Patient) -> Iterator[Found]:
    """Is every program there, and new enough?"""
    yield Found("green", metadata.version("holdfast"), "Holdfast")
    yield Found("green", ".".join(map(str, sys.version_info[:3])), "Python")
    yield _ansible(Path(sys.executable).parent / "ansible-playbook")
    yield _restic(patient)
    yield _ssh(any(host.connection != "local" for host in patient.site.hosts.values()))
    yield Found("green", sqlite3.sqlite_version, "SQLite")


def _ansible(program: Path) -> Found:
    mend = f"{sys.executable} -m pip install --force-reinstall holdfast"
    if not program.exists():
        return Found("red", f"ansible-playbook is not at {program}", "Ansible", mend)
    said = metadata.version("ansible-core")
    fits = _ANSIBLE[0] <= _numbers(said) < _ANSIBLE[1]
    return Found("green" if fits else "red", said if fits else f"{said}; 2.18 to 2.20 are tested", "Ansible", mend)


def _restic(patient: Patient) -> Found:
    """Run restic as a backup would."""
    program = find(patient.environment, Path(depot.__file__).resolve().parent.parent)
    try:
        found = Restic(program, patient.state / "cache")
    except MissingToolError as error:
        return Found("red", error.message, "restic", error.hint)
    return Found("green", f"{found.version} at {found.program.path}", "restic")


def _ssh(needed: bool) -> Found:
    mend = "sudo apt-get install openssh-client"
    try:
        outcome = reach.run(reach.Command(("ssh", "-V"), limit=10))
    except HoldfastError as error:
        return Found("red" if needed else "amber", error.message, "SSH", mend)
    said = (outcome.stderr or outcome.stdout).strip().partition(",")[0]
    return Found("green" if outcome.exit_code == 0 else "red", said or "it says no version", "SSH", mend)


def kept(patient: Patient) -> Iterable[Found]:
    """Does a time server keep the clock?"""
    match patient.machine.synchronised():
        case True:
            return [Found("green", "kept by a time server")]
        case False:
            return [Found("amber", "no time server keeps this machine's clock")]
        case None:
            return [Found("unknown", "the kernel does not say whether a time server keeps the clock")]


def not_back(patient: Patient) -> Iterable[Found]:
    """Is the clock behind what was recorded already, or was it once?"""
    return [judge_times([record.at for record in patient.ledger.read(newest=_NEWEST)], patient.clock.now())]


def judge_times(recorded: list[datetime], now: datetime) -> Found:
    """Hold the moments of records, in their order, against now."""
    if not recorded:
        return Found("amber", "the ledger has no record yet", mend="holdfast backup run --all")
    ahead = max(recorded) - now
    if ahead > _BACK:
        return Found("red", f"the clock is {duration.show(ahead)} behind a record of {clocks.to_text(max(recorded))}")
    fell = max((before - after for before, after in pairwise(recorded)), default=timedelta())
    if fell > _BACK:
        return Found(
            "amber", f"among the newest {len(recorded)} records the clock once went back {duration.show(fell)}"
        )
    return Found("green", f"not behind any of the newest {len(recorded)} records")


def disks(patient: Patient) -> Iterator[Found]:
    """Is there room for what is written, and for how long?"""
    growth = _growth(patient)
    yield _disk(patient, "state", patient.state, 0.0)
    for name, vault in patient.site.vault_places.items():
        path = vault.path
        if path is not None and path.is_dir():  # one that is not there is named by the check of the vaults
            yield _disk(patient, f"vault {name}", path, growth.get(f"vault {name}", 0.0))
    for rotation in patient.site.settings.media.values():
        for label, disk in rotation.disks.items():
            place = patient.site.resolve(disk.attach)
            if (place / "holdfast-medium.json").exists():
                yield _disk(patient, f"medium {label}", place, 0.0)


def _disk(patient: Patient, subject: str, path: Path, per_day: float) -> Found:
    return judge_room(patient.machine.room(path), per_day, subject)


def judge_room(room: Room, per_day: float, subject: str = "") -> Found:
    """Judge a disk by what is free, and by when it is full if it fills up as it did (`per_day` in bytes)."""
    state: State = "red" if room.share < _LITTLE else "amber" if room.share < _SCARCE else "green"
    words = f"{size.show(room.free)} of {size.show(room.whole)} free"
    if room.inodes:
        words += f", {room.free_inodes / room.inodes:.0%} of its inodes"
    if per_day > 0:
        left = timedelta(days=min(room.free / per_day, 36500))
        words += f"; full in {duration.show(left)} if it grows as it did"
        state = "red" if left < _NEXT else "amber" if left < _SOON and state == "green" else state
    return Found(state, words, subject)


def _growth(patient: Patient) -> Mapping[str, float]:
    if not isinstance(patient.opened, Ledger):
        return {}
    return growth(patient.opened, patient.clock.now())


def growth(ledger: Ledger, now: datetime) -> dict[str, float]:
    """Return the bytes a day that copies added to each vault, over the last thirty days (none: under two copies).

    The first copy into an empty vault is no growth, so it does not count.
    """
    seen: dict[str, list[tuple[datetime, int]]] = {}
    first: set[tuple[str, str]] = set()
    for record in ledger.read(kinds=("backup.finished",)):
        added, label = record.body.get("added"), f"{record.body.get('kind')} {record.body.get('store')}"
        if not isinstance(added, int) or record.body.get("snapshot") is None:
            continue
        if (label, record.system or "") not in first:
            first.add((label, record.system or ""))
        elif now - record.at <= _LOOKED_BACK:
            seen.setdefault(label, []).append((record.at, added))
    return {label: sum(added for _, added in runs) / _days(runs, now) for label, runs in seen.items()}


def _days(runs: list[tuple[datetime, int]], now: datetime) -> float:
    return max((now - runs[0][0]) / timedelta(days=1), 1.0)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
