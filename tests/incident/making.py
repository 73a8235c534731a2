"""Short ways to make systems, plans and incidents, and hands whose every effect is a line in a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cli.clock import SystemClock
from incident import acts, plan
from incident.effects import Result
from incident.incident import Incident
from incident.plan import PlannedStep, RecoveryPlan, RestorePoint, SystemPlan
from incident.runbook import Book, Runbook
from inventory.clock import Clock
from inventory.system import System
from ledger.alerts import Alert
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
Steps = Sequence[Mapping[str, Any]]

COPY = {"id": "copy", "check": "copy"}
RESTORE = {"id": "restore", "restore": "all"}
START = {"id": "start", "command": "start", "effect": "probe", "done_when": "normal"}
ANNOUNCE = {"id": "announce", "command": ["announce"], "effect": "once"}
POLICE = {"id": "police", "gate": "police"}
CLEAN = {"id": "clean-target", "gate": "approve", "ask": "is {targets} of {system} clean?"}
BY_HAND = {"id": "cable", "manual": "plug the cable in"}
NORMAL = {"id": "normal", "check": "normal"}


def system(*needs: str, host: str = "", **more: Any) -> System:
    """A system that needs others, with one folder of data if it names a host."""
    data = [{"files": ["/srv"], "host": host}] if host else []
    return System.model_validate({"name": "Some system", "depends_on": list(needs), "data": data} | more)


def point(**different: Any) -> RestorePoint:
    """A good copy from an hour before noon."""
    usual = {"store": "main", "kind": "vault", "snapshot": "a" * 64, "time": NOON - timedelta(hours=1), "bytes": 1000}
    return RestorePoint(**(usual | {"reachable": True, "where": "safe 2"} | different))


def runbook(*steps: Mapping[str, Any], name: str = "generic") -> Runbook:
    return Runbook.model_validate({"runbook": name, "title": "Bring it back", "steps": list(steps)})


def planned(incident: str, systems: Mapping[str, System], *steps: Mapping[str, Any]) -> RecoveryPlan:
    """The plan that brings systems back, all with one runbook of `steps`."""
    points = {key: [point()] for key in systems}
    book = Book({each.runbook: runbook(*steps, name=each.runbook) for each in systems.values()}, {})
    return plan.make(incident, list(systems), systems, points, {}, book, before=dict.fromkeys(systems, NOON), now=NOON)


def opened(ledger: Ledger, *systems: str, alerts: Sequence[Alert] = (), title: str = "Unreadable") -> Incident:
    return acts.open_incident(ledger, title, alerts, systems, {})


def alert(identity: str = "a1", **different: Any) -> Alert:
    usual = {"rule": "r1", "title": "Many wrong passwords", "level": "high", "source": "signon", "system": "sso"}
    rest = {"first_at": NOON, "last_at": NOON, "count": 3, "events": [], "summary": "three"}
    return Alert(id=identity, **(usual | rest | different))


def settle(ledger: Ledger, incident: Incident) -> None:
    """Take an incident up, classify it, and record the police decision."""
    acts.acknowledge(ledger, incident)
    acts.classify(ledger, incident, serious=True, reason="citizens wait")
    acts.notify_police(ledger, incident, told=True, reason="", receipt="Maj. Vo, 03:24, by phone")


def back(ledger: Ledger, incident: Incident, key: str, **data: Any) -> None:
    """Record that a system's own tests passed."""
    ledger.append("system.normal", {"incident": incident.id, "run": "r1", "bytes": 10, **data}, system=key)


class PaperHands:
    """Hands whose effects are lines `begin STEP` and `end STEP` of a file that outlives the process."""

    def __init__(self, paper: Path, during: Callable[[str], None] = lambda _name: None) -> None:
        self.paper = paper
        self.during = during
        self.fails: set[str] = set()
        self.police = True

    def lines(self) -> list[str]:
        return self.paper.read_text().splitlines() if self.paper.exists() else []

    def begun(self, name: str) -> int:
        return self.lines().count(f"begin {name}")

    def ended(self, name: str) -> int:
        return self.lines().count(f"end {name}")

    def check_copy(self, system: SystemPlan, limit: float) -> Result:
        return self._do(f"{system.key}/copy", {})

    def restore(self, system: SystemPlan, limit: float, name: str) -> Result:
        return self._do(f"{system.key}/restore", {"bytes": 10, "newest_data": None})

    def command(self, system: SystemPlan, step: PlannedStep, limit: float, name: str) -> Result:
        return self._do(step.key, {})

    def come_back(self, system: SystemPlan, step: PlannedStep, limit: float, name: str) -> Result | None:
        return None  # as for commands of this machine

    def forget(self, system: SystemPlan, step: PlannedStep, name: str) -> None:
        pass

    def is_done(self, system: SystemPlan, step: PlannedStep) -> bool:
        return self.ended(step.key) > 0

    def check_normal(self, system: SystemPlan, limit: float) -> Result:
        return self._do(f"{system.key}/normal", {"bytes": 10, "newest_data": None})

    def police_decided(self) -> bool:
        return self.police

    def _do(self, name: str, data: Mapping[str, Any]) -> Result:
        self._write(f"begin {name}")
        self.during(name)
        self._write(f"end {name}")
        ok = name not in self.fails
        return Result(ok, "well" if ok else "it broke", data)

    def _write(self, line: str) -> None:
        with self.paper.open("a") as paper:
            paper.write(line + "\n")
            paper.flush()
            os.fsync(paper.fileno())


@contextmanager
def real_ledger(state: Path) -> Iterator[Ledger]:
    """The ledger as a process of its own opens it."""
    ledger = Ledger.open(state, SystemClock(), "minh")
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def temporary_ledger(clock: Clock | None = None) -> Iterator[Ledger]:
    """A ledger for one example of a property, gone with it."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(Path(folder), clock or FakeClock(), "minh")
        try:
            yield ledger
        finally:
            ledger.close()


def in_child(work: Callable[[], int]) -> int:
    """Run something in a child process and return its exit code; negative: the signal that ended it."""
    return finished(begin_child(work))


def begin_child(work: Callable[[], int]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            code = work()
        finally:
            os._exit(code)
    return pid


def finished(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
