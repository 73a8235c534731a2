"""Record bodies as the product writes them: made by its own report types wherever there is one."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from backup.checks import CheckReport
from backup.restore import RestoreReport
from backup.take import BackupReport
from inventory.clock import to_text
from ledger.alerts import Alert
from ledger.ledger import Entry
from playbooks.judge import Verdict
from playbooks.scan import HostScan

CONTROLS = [f"HF-{area}-{number:02}" for area in ("SSH", "ACC", "LOG", "NET", "PKG") for number in range(10)]


def an_id(chance: random.Random) -> str:
    """Return a snapshot's id."""
    return chance.randbytes(32).hex()


def backup(key: str, at: datetime, size: int, chance: random.Random) -> tuple[Entry, str | None]:
    """Return the record of one backup run and the snapshot it left; one in a hundred does not end well."""
    luck = chance.random()
    status = "failed" if luck < 0.004 else "incomplete" if luck < 0.01 else "complete"
    snapshot = None if status == "failed" else an_id(chance)
    said = {"failed": "the vault main cannot be written: no space", "incomplete": f"{key}-web:/srv/{key}/x: denied"}
    problems = (said[status],) if status in said else ()
    report = BackupReport(
        key, status, (snapshot,) if snapshot else (), size // 40_000, size, chance.uniform(3, 90), problems
    )
    body: dict[str, Any] = report.as_json() | {
        "kind": "vault",
        "store": "main",
        "snapshot": snapshot,
        "at": to_text(at) if snapshot else None,
        "data_time": to_text(at - timedelta(seconds=chance.randint(1, 900))) if snapshot else None,
        "added": size // 50,
    }
    del body["system"], body["snapshots"]
    return Entry("backup.finished", body, key), snapshot


def copy(key: str, label: str, originals: list[str], chance: random.Random) -> Entry:
    """Return the record of what was copied to a medium since its last turn."""
    body = {
        "kind": "medium",
        "store": label,
        "from": "main",
        "status": "complete",
        "arrived": [{"original": original, "snapshot": an_id(chance)} for original in originals],
        "seconds": round(chance.uniform(20, 400), 3),
        "problems": [],
    }
    return Entry("copy.finished", body, key)


def check(key: str, kind: str, store: str, *, read_data: bool, chance: random.Random) -> Entry:
    """Return the record of a check; one in a thousand finds damage."""
    whole = chance.random() > 0.001
    problems = () if whole else ("pack 3f1c: contents do not match their id",)
    report = CheckReport(key, kind, store, whole, read_data, chance.uniform(2, 600), problems)
    return Entry("check.finished", report.as_json(), key)


def restore(key: str, snapshot: str, at: datetime, size: int, chance: random.Random) -> Entry:
    """Return the record of a measured restore."""
    targets = {f"{key}-db": "spare-1", f"{key}-web": "spare-2"}
    seconds = size / 90e6 + chance.uniform(5, 30)
    report = RestoreReport(
        key, snapshot, "main", size // 40_000, size, seconds, True, (), size // 40_000, at, True, targets
    )
    return Entry("restore.finished", report.as_json() | {"kind": "vault", "partial": False}, key)


def scan(key: str, host: str, level: int, chance: random.Random) -> HostScan:
    """Return what a scan found on one host."""
    if chance.random() < 0.01:
        return HostScan(host, (key,), level, "cannot be reached: connection timed out")
    words = chance.choices(("pass", "fail", "unknown", "not_applicable"), (88, 5, 2, 5), k=len(CONTROLS))
    verdicts = (Verdict(name, word, "high", "no", "yes") for name, word in zip(CONTROLS, words, strict=True))
    return HostScan(host, (key,), level, None, tuple(verdicts))


def alert(number: int, key: str, at: datetime, chance: random.Random) -> Alert:
    """Return a warning of a rule over a system's log."""
    count = chance.randint(3, 60)
    place = {"file": f"{key}-web:/var/log/{key}/access.log", "line": chance.randint(1, 10**6)}
    return Alert(
        id=f"{number:016x}",
        rule=f"signon-{number % 40}",
        title="Many wrong passwords, then a right one",
        level=chance.choice(("low", "medium", "medium", "high", "critical")),
        source="sigma",
        system=key,
        first_at=at - timedelta(minutes=9),
        last_at=at,
        count=count,
        events=[place | {"id": an_id(chance)[:16]} for _ in range(min(count, 10))],
        summary=f"{count} sign-ins from 10.9.{number % 250}.7 within 9 minutes",
        tags=("attack.t1110",),
    )
