"""Rules over every log of a site: read what is new, raise alerts, remember how far.

Order matters: alerts and the record of the run are on disk before the positions are. Ended in between, the next run
reads the same lines again and finds the same alerts, whose ids are already known: nothing lost, nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from detect import alerting, history, logs, positions
from detect.engine import Engine, Finding
from detect.history import READ, SILENT, UNREAD
from detect.logs import Account, Log, Reading
from detect.rule import RuleSet
from inventory.errors import ExitCode, worst
from inventory.site import Site
from ledger import alerts as ledger_alerts
from ledger.alerts import Alert
from ledger.ledger import Ledger


@dataclass(frozen=True)
class Outcome:
    """What a run over a site's logs found: alerts raised by it, an account per log, rules, seconds.

    `unwatched` are the own systems that name no logs: nothing can be said about them.
    """

    raised: Sequence[Alert]
    findings: int
    accounts: Sequence[Account]
    rules: RuleSet
    untimed: int
    seconds: float
    unwatched: Sequence[str] = ()

    @property
    def exit_code(self) -> ExitCode:
        """Return 3 if a log could not be read, 1 if something fired, a source is silent or there is none, else 0."""
        codes = [ExitCode.UNFINISHED for account in self.accounts if account.state == UNREAD]
        codes += [ExitCode.FINDINGS for account in self.accounts if account.state == SILENT or account.problem]
        return worst([*codes, ExitCode.FINDINGS if self.raised or not self.accounts else ExitCode.DONE])

    def summary(self) -> str:
        """Return the one line that ends a run."""
        events = sum(account.tally.events for account in self.accounts)
        corrupt = sum(account.tally.corrupt for account in self.accounts)
        untimed = f", {self.untimed} hits without a time" if self.untimed else ""
        return (
            f"{events} events, {corrupt} corrupt lines, {len(self.rules.headers())} rules, "
            f"{len(self.raised)} new alerts{untimed} in {self.seconds:.1f} seconds"
        )


def run(
    site: Site, ledger: Ledger, state: Path, rules: RuleSet, progress: Callable[[str], None] = lambda _text: None
) -> Outcome:
    """Run rules over everything the logs of all systems gained since the last run.

    Raises:
        HoldfastError: positions or ledger cannot be read or written.
    """
    started, now = ledger.clock.monotonic(), ledger.clock.now()
    known = positions.read(state)
    readings, accounts = _readings(site, known, now)
    engine = Engine(rules, keep=True)
    for reading in readings:
        progress(reading.account.log)
        for event, place in reading.events():
            for _ in engine.feed(event, place):
                pass
    findings = [finding for finding in engine.findings() if _is_new(finding, readings)]
    raised = ledger_alerts.raise_alerts(ledger, [alerting.alert(finding) for finding in findings])
    accounts += [reading.account for reading in readings]
    seconds = ledger.clock.monotonic() - started
    unwatched = [key for key, system in site.own.items() if not system.logs]
    outcome = Outcome(raised, len(findings), accounts, engine.rules, engine.untimed, seconds, unwatched)
    history.record(ledger, outcome.rules, accounts, findings=len(findings), raised=len(raised), seconds=seconds)
    positions.write(state, {**known, **_positions(engine, readings, now)})
    return outcome


def _readings(
    site: Site, known: dict[str, list[positions.Piece]], now: datetime
) -> tuple[list[Reading], list[Account]]:
    readings: list[Reading] = []
    accounts: list[Account] = []
    for key, system in site.own.items():
        for source in system.logs:
            found, account = logs.of(key, source, site.host(source.host))
            readings += [Reading(log, known.get(_key(log), ()), now) for log in found]
            accounts += [account] if account is not None else []
    return readings, accounts


def _is_new(finding: Finding, readings: Sequence[Reading]) -> bool:
    """Tell whether a burst has a line that no earlier run has judged; one without was reported by that run."""
    return any(
        reading.is_new(need.source, need.offset)
        for occurrence in finding.burst.occurrences
        for need in occurrence.needs
        for reading in readings
    )


def _positions(engine: Engine, readings: Sequence[Reading], now: datetime) -> dict[str, list[positions.Piece]]:
    resume: dict[str, tuple[int, int]] = {}
    for need in engine.pending(now):
        place = (need.offset, need.line)
        resume[need.source] = min(resume.get(need.source, place), place)
    return {_key(reading.log): reading.pieces(resume) for reading in readings if reading.account.state == READ}


def _key(log: Log) -> str:
    return f"{log.system} {log.name}"
