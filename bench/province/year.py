"""More than a year in the made-up province, record by record, every six hours of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from bench.province import bodies, places
from detect import history as detection
from detect.logs import Account
from detect.rule import RuleSet
from detect.sources import Tally
from incident import acts, plan, runbook
from incident.incident import Incident
from incident.plan import PlannedStep, RecoveryPlan, RestorePoint
from inventory import site as sites
from inventory.site import Site
from ledger import alerts
from ledger.ledger import Entry, Ledger
from playbooks import history as hardening
from playbooks.scan import Scan

SLOT = timedelta(hours=6)
_PER_SLOT = 1.13  # records per system and slot, beside its backup: checks, copies, scans and the rest, a little less
_DRILL_EVERY, _DRILLED = 16, 6


class Clock:
    """A clock that is set by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return what it was set to."""
        return self.at

    def monotonic(self) -> float:
        """Return seconds since the epoch."""
        return self.at.timestamp()


def build(root: Path, records: int, systems: int, now: datetime, login: str, seed: int = 20261123) -> int:
    """Make a site below `root`, and its ledger of at least so many records, up to `now`; return how many there are."""
    chance = random.Random(seed)
    places.make(root, systems, login, chance)
    slots = int(records / systems / _PER_SLOT)
    clock = Clock(now - slots * SLOT - timedelta(minutes=1))
    ledger = Ledger.open(root / places.STATE, clock, login)
    year = Year(ledger, clock, sites.load(root / places.SITE), chance)
    year.begin()
    for slot in range(slots):
        clock.at += SLOT
        year.live(slot, slots)
    (last,) = ledger.read(newest=1)
    ledger.close()
    return last.seq


def go_on(root: Path, count: int, now: datetime, login: str) -> None:
    """Append `count` more backups, all at `now`."""
    chance = random.Random(str(now))
    ledger = Ledger.open(root / places.STATE, Clock(now), login)
    keys = list(sites.load(root / places.SITE).own)
    ledger.append_all([bodies.backup(chance.choice(keys), now, 10**9, chance)[0] for _ in range(count)])
    ledger.close()


class Year:
    """One thing after the other."""

    def __init__(self, ledger: Ledger, clock: Clock, site: Site, chance: random.Random) -> None:
        self.ledger, self.clock, self.site, self.chance = ledger, clock, site, chance
        self.keys = list(site.own)
        self.sizes = {key: int(chance.lognormvariate(22, 1.2)) for key in self.keys}
        self.fresh: dict[str, dict[str, list[str]]] = {label: {key: [] for key in self.keys} for label in places.DISKS}
        self.book = runbook.load()
        self.alerts = 0

    def begin(self) -> None:
        """Make the vault, its repositories and the disks."""
        entries = [Entry("vault.made", {"store": "main", "id": places.VAULT_ID, "path": "/vault"})]
        for label in places.DISKS:
            body = {"store": label, "id": label.encode().hex() * 2, "set": "weekly", "path": f"/shelf/{label}"}
            entries.append(Entry("medium.prepared", body))
        for kind, store in (("vault", "main"), *(("medium", label) for label in places.DISKS)):
            for key in self.keys:
                body = {"kind": kind, "store": store, "digest": places.digest(key), "path": f"/{store}/{key}"}
                entries.append(Entry("repository.made", body, key))
        self.ledger.append_all(entries)

    def live(self, slot: int, slots: int) -> None:
        """Let six hours pass."""
        self.ledger.append_all(list(self._copies(slot)))
        self._detect()
        if slot % 120 == 0 or slot == slots - 1:
            hosts = [(key, host) for key in self.keys for host in self.site.members[key]]
            level = {key: self.site.system(key).level for key in self.keys}
            found = tuple(bodies.scan(key, host, level[key], self.chance) for key, host in hosts)
            hardening.record_scan(self.ledger, Scan(found))
        self._warn(last=slot == slots - 1)
        if slot % _DRILL_EVERY == 0:
            drilled = slot // _DRILL_EVERY * _DRILLED
            keys = [self.keys[(drilled + number) % len(self.keys)] for number in range(_DRILLED)]
            self._recover(keys)
        if slot == slots - 1:
            acts.open_incident(self.ledger, "Documents cannot be read", (), self.keys[3:6], {})

    def _copies(self, slot: int) -> Iterator[Entry]:
        now = self.clock.at
        for key in self.keys:
            entry, snapshot = bodies.backup(key, now, self.sizes[key], self.chance)
            yield entry
            if snapshot:
                for label in places.DISKS:
                    self.fresh[label][key] = [*self.fresh[label][key], snapshot][-60:]
        for number, key in enumerate(self.keys):
            if (slot + number) % 28 == 0:
                yield bodies.check(key, "vault", "main", read_data=(slot + number) % 112 == 0, chance=self.chance)
            if (slot + number) % 360 == 0 and self.fresh["weekly-a"][key]:
                latest = self.fresh["weekly-a"][key][-1]
                yield bodies.restore(key, latest, now, self.sizes[key], self.chance)
        if slot % 28 == 0:
            yield from self._take_away(places.DISKS[slot // 28 % 2])

    def _take_away(self, label: str) -> Iterator[Entry]:
        """Copy everything to the disk whose turn it is, and put it away."""
        yield Entry("medium.attached", {"store": label, "path": "/mnt/offline"})
        for key in self.keys:
            yield bodies.copy(key, label, self.fresh[label][key], self.chance)
            self.fresh[label][key] = []
        for key in self.keys:
            yield bodies.check(key, "medium", label, read_data=True, chance=self.chance)
        yield Entry("ledger.checkpoint", {"seq": 1, "hash": "0" * 64, "to": f"/mnt/offline/{label}"})
        yield Entry("medium.sealed", {"store": label, "checkpoint_seq": 1, "checkpoint_hash": "0" * 64})
        yield Entry("medium.detached", {"store": label, "path": f"/shelf/{label}"})
        tried = ["/mnt/offline: not there"]
        yield Entry("medium.probed", {"store": label, "reached": False, "tried": tried})

    def _detect(self) -> None:
        now = self.clock.at
        accounts = []
        for key in self.keys:
            tally = Tally(self.chance.randint(100, 90_000), int(self.chance.random() < 0.02))
            silent = self.chance.random() < 0.002
            problem = "the log file is not there: the source is silent" if silent else ""
            log = f"{key}-web:/var/log/{key}/access.log"
            accounts.append(Account(key, log, "silent" if silent else "read", problem, tally, now))
        detection.record(self.ledger, RuleSet(), accounts, findings=3, raised=2, seconds=41.0)

    def _warn(self, *, last: bool) -> None:
        """Raise some alerts and close them, but for the last."""
        new = []
        for _ in range(60):
            self.alerts += 1
            new.append(bodies.alert(self.alerts, self.chance.choice(self.keys), self.clock.at, self.chance))
        raised = alerts.raise_alerts(self.ledger, new)
        if not last:
            alerts.change(self.ledger, [each.id for each in raised], alerts.CLOSED, reason="looked at: a test")

    def _recover(self, keys: Sequence[str]) -> None:
        """Lose some systems and bring them back, as a drill does."""
        began = self.clock.at
        found = acts.open_incident(self.ledger, "Drill: systems lost", (), keys, {})
        acts.acknowledge(self.ledger, found)
        acts.classify(self.ledger, found, serious=False, reason="a drill")
        acts.notify_police(self.ledger, found, told=False, reason="a drill", receipt="")
        points = {key: [self._point(key)] for key in keys}
        systems = self.site.systems
        made = plan.make(
            found.id, list(keys), systems, points, {}, self.book, before=dict.fromkeys(keys, began), now=began
        )
        self.clock.at += timedelta(minutes=20)
        self.ledger.append_all(list(self._run(found, made)))
        self.ledger.append("incident.closed", {"incident": found.id, "what": "closed", "reason": "the drill is over"})
        self.clock.at = began

    def _point(self, key: str) -> RestorePoint:
        snapshot = bodies.an_id(self.chance)
        return RestorePoint("main", "vault", snapshot, self.clock.at - SLOT, self.sizes[key], True, "/vault")

    def _run(self, found: Incident, made: RecoveryPlan) -> Iterator[Entry]:
        run = {"run": f"{found.id}-r1", "incident": found.id}
        body = {"digest": made.digest(), "plan": made.model_dump(mode="json")}
        yield Entry("recover.started", {**run, **body, "systems": [system.key for system in made.systems]})
        for planned in made.steps:
            yield from self._step(planned, run)
        yield Entry("recover.finished", {**run, "status": "done"})

    def _step(self, planned: PlannedStep, run: dict[str, str]) -> Iterator[Entry]:
        common = {**run, "step": planned.key}
        if planned.step.kind in {"gate", "manual"}:
            yield Entry("step.waiting", {**common, "ask": planned.step.ask or "do it"}, planned.system)
            yield Entry("step.answered", {**common, "answer": "yes", "reason": "a drill"}, planned.system)
        else:
            yield Entry("step.intent", {**common, "attempt": 1}, planned.system)
        size = self.sizes[planned.system]
        seconds = size / 90e6 + 20 if planned.step.restore else 4.0
        kind = "normal" if planned.step.check == "normal" else planned.step.kind
        data = {"bytes": size, "measured": True, "newest_data": None} if kind == "normal" else {}
        body = {"kind": kind, "ok": True, "found": "well", "seconds": round(seconds, 3), "data": data}
        yield Entry("step.finished", {**common, **body}, planned.system)
        if kind == "normal":
            yield Entry("system.normal", {**common, **data}, planned.system)
