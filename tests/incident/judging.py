"""Facts about a system of which everything is known and well, to be spoilt one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from backup.history import Checked, Kept, Measured, Medium
from backup.status import SystemStatus, Verdict
from detect.history import SystemState
from incident.facts import Facts
from incident.forecast import Forecast
from inventory import policy
from playbooks.history import Hardening
from tests.incident import making
from tests.incident.making import NOON

POLICY = policy.load(["baseline"])
HOUR = timedelta(hours=1)
SYSTEM = making.system(
    host="documents-1",
    level=3,
    rto="8h",
    rpo="6h",
    copies=[{"vault": "main", "every": "6h"}, {"media": "weekly", "every": "7d"}],
    logs=[{"host": "documents-1", "file": "/var/log/documents.jsonl"}],
)
YES = Verdict(True, "well")


def kept(kind: str, store: str, seq: int) -> Kept:
    at = NOON - HOUR
    return Kept("edoc", kind, store, "a" * 64, "a" * 64, at, at, at, 10, 10**9, 60.0, "complete", seq)


def checked(kind: str, store: str, seq: int, **different: Any) -> Checked:
    return replace(Checked("edoc", kind, store, NOON - HOUR, True, True, (), 9.0, seq), **different)


VAULT, OFFLINE = kept("vault", "main", 11), kept("medium", "weekly-a", 12)
HARDENED = Hardening(NOON - HOUR, 10, ("documents-1",), 40, 0, 0, 2, (), (), (10,), 3)
COPIES = SystemStatus("edoc", VAULT, HOUR, SYSTEM.rpo, YES, YES, YES, ())
MEDIUM = Medium("weekly-a", "id", "detached", NOON - HOUR, NOON - HOUR, False, NOON - HOUR, 13)
CHECKS = [("main", checked("vault", "main", 14)), ("weekly-a", checked("medium", "weekly-a", 15))]
RESTORED = Measured("edoc", "medium", "weekly-a", "a" * 64, NOON - HOUR, 10, 10**9, 60.0, True, 16)
FORECAST = Forecast(3600.0, 1800.0, 50e6, "", (17,))
WATCHED = SystemState(NOON - HOUR / 2, NOON - HOUR, 1, {}, 18)

WELL = Facts(
    key="edoc",
    system=SYSTEM,
    hosts=("documents-1",),
    hardening=HARDENED,
    copies=COPIES,
    unreachable={},
    offline=OFFLINE,
    medium=MEDIUM,
    checks=CHECKS,
    restore=RESTORED,
    forecast=FORECAST,
    watched=WATCHED,
    rules=20,
    unusable_rules=0,
    runbook_problem="",
    runbook_digest="d",
    runbook_proved_on=("directory host",),
    drilled_digest="d",
    drill_seq=19,
)

NOTHING_KNOWN = replace(
    WELL,
    hardening=None,
    copies=replace(COPIES, newest=None, age=None, three=Verdict(False, "no copy"), two=YES, offline=YES),
    offline=None,
    medium=None,
    checks=[],
    restore=None,
    forecast=None,
    watched=None,
    rules=0,
    drilled_digest=None,
    drill_seq=None,
)
