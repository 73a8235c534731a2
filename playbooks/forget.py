"""Forget a host: take away what preparing made, then look whether it is gone. What was not seen is never claimed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inventory import sitekey
from inventory.clock import Clock
from inventory.errors import ExitCode
from inventory.errors import worst as worst_of
from inventory.site import Site
from ledger.ledger import Ledger
from playbooks import ansible, proof, trust
from playbooks.ansible import TaskResult
from playbooks.plan import Outcome, outcome
from playbooks.proof import Proof
from playbooks.scan import Runner, Told
from playbooks.way import Way

FORGOTTEN = "host.forgotten"
PLAYBOOK, LOOK = ansible.CONTENT / "forget.yml", ansible.CONTENT / "look.yml"
_DELAY_SECONDS = 5
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Plan:
    """What would be taken away; `uid` is the account's number (empty: there is none, or nobody could look)."""

    outcome: Outcome
    uid: str


@dataclass(frozen=True)
class Forgotten:
    """What came of it: what was taken away, what was shown to be gone, the host keys that were taken out."""

    host: str
    outcome: Outcome
    proofs: tuple[Proof, ...]
    keys: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """Return 3 when something is still there or Ansible did not finish, 1 when something was not seen, else 0."""
        return worst_of([self.outcome.exit_code, proof.worst(self.proofs)])

    def document(self) -> dict[str, Any]:
        """Return what `inventory host forget --json` prints."""
        return {
            "host": self.host,
            "changes": self.outcome.document()["changes"],
            "failed": dict(self.outcome.failed),
            "unreached": dict(self.outcome.unreached),
            "proofs": [each.document() for each in self.proofs],
            "keys": list(self.keys),
        }


def plan(site: Site, way: Way, *, runner: Runner = ansible.run, told: Told = lambda _: None) -> Plan:
    """Return what forgetting would take away, in check mode."""
    number = proof.uid(_look(site, way, "", runner, told))
    results = _run(site, way, runner, told, check=True)
    return Plan(outcome(results, [way.host.name]), number)


def forget(
    site: Site,
    state: Path,
    way: Way,
    planned: Plan,
    clock: Clock,
    *,
    runner: Runner = ansible.run,
    told: Told = lambda _: None,
) -> Forgotten:
    """Take it away and look. Who comes in as the account itself can only see that it is not let in any more."""
    name = way.host.name
    done = outcome(_run(site, way, runner, told, check=False), [name])
    if done.exit_code is not ExitCode.DONE:
        return Forgotten(name, done, ())
    told(f"{name}: looking whether it is gone")
    if not way.is_the_account:
        seen = proof.gone(_look(site, way, planned.uid, runner, told))
        return Forgotten(name, done, (proof.refused(site, state, way.host), *seen))
    until = clock.monotonic() + _DELAY_SECONDS + _PATIENCE_SECONDS
    last = proof.refused(site, state, way.host)
    while last.holds is not True and clock.monotonic() < until:
        clock.sleep(2.0)
        last = proof.refused(site, state, way.host)
    return Forgotten(name, done, (last, *proof.gone([])))


def distrust(site: Site, way: Way, done: Forgotten) -> Forgotten:
    """Take the host's keys out of known_hosts, unless something is still to be done on it."""
    if done.exit_code is ExitCode.UNFINISHED:
        return done
    return replace(done, keys=tuple(trust.distrust(site, way.host)))


def record(ledger: Ledger, way: Way, done: Forgotten) -> None:
    """Record what was taken away, and what was shown."""
    ledger.append(
        FORGOTTEN,
        {
            "host": done.host,
            "account": sitekey.ACCOUNT,
            "came_in_as": way.login,
            "changed": len(done.outcome.changes),
            "failed": [*done.outcome.failed.values(), *done.outcome.unreached.values()],
            "proofs": [each.document() for each in done.proofs],
            "keys": list(done.keys),
        },
    )


def _run(site: Site, way: Way, runner: Runner, told: Told, *, check: bool) -> Sequence[TaskResult]:
    variables: dict[str, Any] = {"forget_account": sitekey.ACCOUNT, "forget_delay_seconds": _DELAY_SECONDS}
    variables["forget_detached"] = way.is_the_account
    play = way.play(site, PLAYBOOK, variables, check=check)
    return runner(play, lambda result: told(f"{result.host}: {result.task}"))


def _look(site: Site, way: Way, uid: str, runner: Runner, told: Told) -> Sequence[TaskResult]:
    variables = {"look_uid": uid} if uid else {}
    return runner(way.play(site, LOOK, variables), lambda result: told(f"{result.host}: {result.task}"))
