"""The recovery plan: which copy of which system goes where, in which order. Pure; printing it is the dry run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from incident.runbook import Book, Runbook, Step, digest
from inventory import graph
from inventory.errors import HoldfastError, RefusedError, UsageError
from inventory.graph import dependencies
from inventory.system import Strict, System


class NoRestorePointError(RefusedError):
    """A system has no copy that could be restored (exit 4)."""


@dataclass(frozen=True)
class RestorePoint:
    """A copy that could be restored, as the planner sees it.

    `store` is the vault's name or the medium's label, `time` when the data was copied, `reachable` whether it can be
    opened now, `suspect` why it should not be trusted (empty: nothing known against it).
    """

    store: str
    kind: str
    snapshot: str
    time: datetime
    bytes: int
    reachable: bool
    where: str
    suspect: str = ""


class PlannedCopy(Strict):
    """The copy a system comes back from."""

    store: str
    kind: str
    snapshot: str
    time: datetime
    bytes: int
    reachable: bool
    where: str


class SystemPlan(Strict):
    """One system of the plan: `targets` maps each of its hosts to the host its data goes to."""

    key: str
    target_seconds: float
    copy_from: PlannedCopy
    targets: dict[str, str]
    runbook: str
    runbook_digest: str
    after: list[str]


class Missing(Strict):
    """A system the plan cannot bring back, and why."""

    key: str
    why: str


class PlannedStep(Strict):
    """One step of one system; `key` is SYSTEM/STEP, `needs` the keys that must be done before."""

    key: str
    system: str
    step: Step
    needs: list[str]


class RecoveryPlan(Strict):
    """The whole plan: systems and steps in the order they run, and the systems it cannot bring back."""

    incident: str
    made_at: datetime
    systems: list[SystemPlan]
    steps: list[PlannedStep]
    missing: list[Missing] = []

    def digest(self) -> str:
        """Return the SHA-256 of everything it says, in hex: what is approved and frozen at the start."""
        return digest(self.model_dump(mode="json", exclude={"made_at"}))

    def system(self, key: str) -> SystemPlan:
        """Return one system of the plan."""
        return next(system for system in self.systems if system.key == key)


def choose(points: Sequence[RestorePoint], before: datetime) -> RestorePoint | None:
    """Return the copy to restore: the newest from before `before`, nothing known against it, reachable ones first.

    If none can be reached, one on a medium: that can be fetched, while nobody knows about a vault that is gone.
    """
    good = [point for point in points if not point.suspect and point.time <= before]
    return max(good, key=lambda point: (point.reachable, _can_be_fetched(point), point.time), default=None)


def _can_be_fetched(point: RestorePoint) -> bool:
    return not point.reachable and point.kind == "medium"


def order(keys: Sequence[str], systems: Mapping[str, System]) -> list[str]:
    """Return systems so that each comes after those it depends on; among the free ones critical path first.

    Dependencies that are not themselves recovered (not in `keys`) do not count, but what lies behind them does.
    The weight of a path is the sum of its systems' RTOs, an exception above 24 h counted as 24 h; shortest RTO first
    among equals.
    """
    waits = {key: dependencies(key, keys, systems) for key in keys}
    weight: dict[str, timedelta] = {}
    for key in reversed(_free_first(keys, waits, lambda key: key)):
        followers = [weight[other] for other in keys if key in waits[other]]
        weight[key] = graph.weight(systems[key]) + max(followers, default=timedelta())
    return _free_first(keys, waits, lambda key: (-weight[key], systems[key].rto, key))


def _free_first(keys: Sequence[str], waits: Mapping[str, set[str]], rank: Callable[[str], Any]) -> list[str]:
    """Return keys so that each comes after all it waits for; of those that are free, the lowest ranked is next."""
    done: list[str] = []
    while len(done) < len(keys):
        free = [key for key in keys if key not in done and waits[key] <= set(done)]
        if not free:
            raise HoldfastError("the systems depend on each other in a circle", hint="holdfast inventory validate")
        done.append(min(free, key=rank))
    return done


def make(
    incident: str,
    keys: Sequence[str],
    systems: Mapping[str, System],
    points: Mapping[str, Sequence[RestorePoint]],
    targets: Mapping[str, str],
    book: Book,
    *,
    before: Mapping[str, datetime],
    now: datetime,
) -> RecoveryPlan:
    """Make the plan that brings `keys` back.

    `targets` maps a lost host to the host its data goes to; a host that is not named is restored in its place.
    `before` says for each system the moment after which no copy of it is to be trusted.

    Raises:
        NoRestorePointError: none of the systems has a good copy from before `before`; one that has none while others
            have is listed as missing.
        UsageError: a system names a runbook that does not exist, or a target is no host of the plan.
    """
    copies, missing = _copies(keys, points, before)
    ordered = order([key for key in keys if key in copies], systems)
    plans: list[SystemPlan] = []
    steps: list[PlannedStep] = []
    last_step: dict[str, str] = {}
    for key in ordered:
        runbook = _runbook(key, systems[key], book)
        after = [other for other in ordered if other in dependencies(key, ordered, systems)]
        hosts = sorted(concerned(systems[key]))
        plans.append(
            SystemPlan(
                key=key,
                target_seconds=systems[key].rto.total_seconds(),
                copy_from=copies[key],
                targets={host: targets.get(host, host) for host in hosts},
                runbook=runbook.runbook,
                runbook_digest=runbook.digest(),
                after=after,
            )
        )
        needs = [last_step[other] for other in after]
        for step in runbook.steps:
            steps.append(PlannedStep(key=f"{key}/{step.id}", system=key, step=step, needs=needs))
            needs = [steps[-1].key]
        last_step[key] = steps[-1].key
    _require_known(targets, {host for each in plans for host in each.targets})
    return RecoveryPlan(incident=incident, made_at=now, systems=plans, steps=steps, missing=missing)


def concerned(system: System) -> set[str]:
    """Return the hosts that a system's recovery touches: those of its data, its commands, and its own tests."""
    named = [*system.data, *system.start, *system.stop, *system.normal_when]
    found = {host for each in named if (host := getattr(each, "host", ""))}
    return found | ({system.canary.host} if system.canary else set())


def _require_known(targets: Mapping[str, str], hosts: set[str]) -> None:
    for host in targets:
        if host not in hosts:
            known = ", ".join(sorted(hosts))
            raise UsageError(f"{host} is no host of the systems in this plan", hint=f"hosts: {known}")


def _runbook(key: str, system: System, book: Book) -> Runbook:
    if system.runbook in book.runbooks:
        return book.runbooks[system.runbook]
    known = ", ".join(sorted(book.runbooks))
    raise UsageError(f"{key} names runbook {system.runbook!r}, which does not exist", hint=f"runbooks: {known}")


def _copies(
    keys: Sequence[str], points: Mapping[str, Sequence[RestorePoint]], before: Mapping[str, datetime]
) -> tuple[dict[str, PlannedCopy], list[Missing]]:
    found: dict[str, PlannedCopy] = {}
    missing: list[Missing] = []
    for key in keys:
        point = choose(points.get(key, ()), before[key])
        if point is None:
            missing.append(Missing(key=key, why=_why(points.get(key, ()))))
        else:
            names = ("store", "kind", "snapshot", "time", "bytes", "reachable", "where")
            found[key] = PlannedCopy(**{name: getattr(point, name) for name in names})
    if not found:
        raise NoRestorePointError(
            "; ".join(f"{each.key} has no copy to come back from ({each.why})" for each in missing),
            hint="another medium may hold older copies (holdfast backup media list); or choose the moment: --before",
        )
    return found, missing


def _why(points: Sequence[RestorePoint]) -> str:
    known = [f"{each.snapshot[:8]} on {each.store}: {each.suspect or 'newer than the first sign'}" for each in points]
    return "; ".join(known) or "no copy is known"
