"""The engine's effects for real: copies, commands, and each system's own tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from backup import checks
from backup.candidates import Candidate, candidates
from backup.depot import Depot
from backup.restore import restore_system
from incident import assess, commands
from incident.commands import Placed
from incident.effects import NOT_BEGUN, Result
from incident.incident import find
from incident.plan import PlannedStep, SystemPlan
from inventory import clock, duration, probe, reach, size
from inventory.errors import HoldfastError
from inventory.site import Site
from inventory.ssh import Ssh
from inventory.system import Host
from inventory.verdict import NoSuchRunError
from ledger.ledger import Ledger

_POLL_SECONDS = 0.5
_WORDS = 160
_ALONE_SECONDS = 1800.0
"""How long a step's programs on other hosts go on without us: whoever resumes within it finds them at work."""

Say = Callable[[str, float | None], None]


class RealHands:
    """Effects on this site's copies and hosts, for one incident; `ssh` is how hosts are reached, if not as usual."""

    def __init__(
        self, site: Site, state: Path, ledger: Ledger, incident: str, say: Say, ssh: Ssh | None = None
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._incident = incident
        self._say = say
        self._ssh = replace(ssh or site.ssh, linger=_ALONE_SECONDS, patience=_ALONE_SECONDS)
        self._depot = Depot(site, state, ledger, self._ssh)

    def check_copy(self, system: SystemPlan, limit: float) -> Result:
        """Read every byte of the system's repository in the chosen store."""
        del limit  # restic is ended by its own watchdog; a slow disk is no reason to call a whole copy bad
        store = self._depot.store(system.copy_from.store)
        report = checks.check(self._depot, store, read_data=True, only=[system.key], progress=self._say)[0]
        if report.whole:
            return Result(True, f"every byte of {store.label} read in {duration.show(report.seconds)}, whole")
        if report.failure is not None:
            return Result(False, f"the copy on {store.label} could not be read: {report.failure.message}")
        return Result(False, f"the copy on {store.label} is damaged: {report.problems[0][:_WORDS]}")

    def restore(self, system: SystemPlan, limit: float, name: str) -> Result:
        """Restore everything and compare it with the manifest taken when it was copied."""
        del limit  # restic is ended by its own watchdog; half of a system is of no use
        targets = {lost: self._site.host(target) for lost, target in system.targets.items()}
        report = restore_system(self._depot, self._candidate(system), targets, progress=self._say, run_name=name)
        data = {
            "bytes": report.bytes,
            "files": report.files,
            "restore_seconds": round(report.seconds, 3),
            "measured": report.measured,
            "newest_data": None if report.data_time is None else clock.to_text(report.data_time),
        }
        if report.verified:
            words = f"{report.files} files, {size.show(report.bytes)}, all {report.manifest_compared} entries as copied"
            return Result(True, words, data)
        return Result(False, f"restored data differs from its manifest: {'; '.join(report.problems[:3])}", data)

    def command(self, system: SystemPlan, step: PlannedStep, limit: float, name: str) -> Result:
        """Run the step's command, or the system's own start or stop commands one after the other."""
        placed = commands.of_step(step.step, self._site.system(system.key), system.targets)
        if not placed:
            return Result(True, f"{system.key} has no {step.step.command} command; nothing was run")
        return self._run_all(placed, limit, name)

    def come_back(self, system: SystemPlan, step: PlannedStep, limit: float, name: str) -> Result | None:
        """Follow what an earlier process began under this name; what comes after it is run as it would have been.

        None if nobody there knows it, or if part of it ran on this machine, where it ended with that process.
        """
        placed = commands.of_step(step.step, self._site.system(system.key), system.targets)
        hosts = [self._site.host(each.host) for each in placed]
        if not placed or any(host.connection == "local" for host in hosts):
            return None
        with suppress(NoSuchRunError):
            first = reach.attach(commands.part(name, 0), on=hosts[0], ssh=self._ssh, as_root=True)
            return self._run_all(placed, limit, name, first)
        return None

    def forget(self, system: SystemPlan, step: PlannedStep, name: str) -> None:
        """Let the hosts give up what they keep; one that cannot be reached does so by itself after a week."""
        for index, each in enumerate(commands.of_step(step.step, self._site.system(system.key), system.targets)):
            host = self._site.host(each.host)
            if host.connection != "local":
                with suppress(HoldfastError):
                    reach.forget(commands.part(name, index), on=host, ssh=self._ssh.hurried(30), as_root=True)

    def is_done(self, system: SystemPlan, step: PlannedStep) -> bool:
        """Look whether an interrupted step has had its effect."""
        wanted = step.step.done_when
        if wanted is None:
            return False
        if wanted == "normal":
            return self._assess(system).normal
        return probe.probe(wanted, self._hosts(system), self._ledger.clock, self._site.ssh).passed

    def check_normal(self, system: SystemPlan, limit: float) -> Result:
        """Run the system's own tests until they all pass or the limit is over."""
        ends = self._ledger.clock.monotonic() + limit
        while True:
            found = self._assess(system)
            if found.normal:
                return Result(
                    True, f"{len(found.results)} of {len(found.results)} own tests pass", self._restored(system)
                )
            if self._ledger.clock.monotonic() >= ends or not found.results:
                return Result(False, "; ".join(found.failing[:3]))
            self._say(f"{system.key}: {found.failing[0]}", None)
            self._ledger.clock.sleep(_POLL_SECONDS)

    def police_decided(self) -> bool:
        """Tell whether the police decision is recorded."""
        return find(self._ledger, self._incident).police is not None

    def _candidate(self, system: SystemPlan) -> Candidate:
        wanted = (system.copy_from.store, system.copy_from.snapshot)
        for candidate in candidates(self._depot, system.key):
            if (candidate.store, candidate.snapshot) == wanted:
                return candidate
        raise HoldfastError(
            f"snapshot {system.copy_from.snapshot[:8]} of {system.key} is not on {system.copy_from.store} any more",
            hint=f"holdfast recover candidates {system.key}",
        )

    def _restored(self, system: SystemPlan) -> Mapping[str, object]:
        """Return what the last finished restore of this system brought, as its record says."""
        for record in reversed(list(self._ledger.read(kinds=("step.finished",), system=system.key))):
            data = record.body["data"]
            if record.body["ok"] and record.body["incident"] == self._incident and "newest_data" in data:
                return {name: data[name] for name in ("bytes", "newest_data", "measured")}
        return {"bytes": 0, "newest_data": None, "measured": False}

    def _assess(self, system: SystemPlan) -> assess.Assessment:
        return assess.assess_one(
            system.key, self._site.system(system.key), self._hosts(system), self._ledger.clock, self._site.ssh
        )

    def _hosts(self, system: SystemPlan) -> Mapping[str, Host]:
        return {**self._site.hosts, **{lost: self._site.host(target) for lost, target in system.targets.items()}}

    def _run_all(self, placed: Sequence[Placed], limit: float, name: str, first: reach.Outcome | None = None) -> Result:
        """Run commands until one fails; how the `first` ended may be known already."""
        ends, last = self._ledger.clock.monotonic() + limit, ""
        for index, each in enumerate(placed):
            if first is None or index > 0:
                left = max(1.0, ends - self._ledger.clock.monotonic())
                outcome = self._run(each, left, commands.part(name, index), alone=index == 0)
            else:
                outcome = first
            said = (outcome.stdout.strip() or outcome.stderr.strip()).splitlines()
            last = said[-1][:300] if said else "it said nothing"
            if outcome.exit_code != 0:
                where = f"{each.host}: " if len(placed) > 1 else ""
                return Result(False, f"{where}ended with {outcome.exit_code}: {last}")
        return Result(True, last)

    def _run(self, each: Placed, limit: float, name: str, *, alone: bool) -> reach.Outcome:
        """Run one command; unless it is `alone`, its host not being there does not mean that nothing was begun."""
        command = reach.Command(each.words, limit=limit, as_root=True)
        try:
            return reach.run(command, on=self._site.host(each.host), ssh=self._ssh, name=name)
        except NOT_BEGUN as error:
            if alone:
                raise
            raise HoldfastError(error.message, hint=error.hint) from error
