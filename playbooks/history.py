"""What the ledger keeps of hardening, and each system's newest state out of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from inventory import clock
from ledger.ledger import Entry, Ledger
from ledger.projection import Projection, State
from ledger.record import Record
from playbooks import runs

if TYPE_CHECKING:  # who only asks what is known must not wait for all that drives Ansible
    from playbooks.apply import Applied
    from playbooks.judge import Word
    from playbooks.scan import HostScan, Scan

SCANNED = "harden.scanned"
_WORDS: tuple[Word, ...] = ("pass", "fail", "unknown", "not_applicable")

Waived = Mapping[str, Collection[str]]
"""The controls that are waived today, by system."""


@dataclass(frozen=True)
class Hardening:
    """A system's newest scan: `at` and `seq` are those of the host looked at longest ago.

    The counts are sums over its hosts; `failing` are the controls that fail on at least one of them and are not
    waived, `waived` those that are, which do not count as failed;
    `unreached` the hosts whose newest scan did not reach them (their last verdicts are not counted);
    `level` the lowest level (1..5) that any of them was judged against.
    """

    at: datetime
    seq: int
    hosts: tuple[str, ...]
    passed: int
    failed: int
    unknown: int
    not_applicable: int
    failing: tuple[str, ...]
    unreached: tuple[str, ...]
    evidence: tuple[int, ...]
    level: int
    waived: tuple[str, ...] = ()


def record_scan(ledger: Ledger, scan: Scan) -> list[Record]:
    """Record a scan of all controls, one record per host."""
    return ledger.append_all([_scanned(host) for host in scan.hosts])


def record_apply(ledger: Ledger, applied: Applied) -> list[Record]:
    """Record what was applied and the scan after it, all or nothing."""
    entries = [_applied(applied, before, after) for before, after in applied.pairs()]
    return ledger.append_all([*entries, *(_scanned(host) for host in applied.after.hosts)])


def latest(
    ledger: Ledger, hosts_there_are: Collection[str] | None = None, waived: Waived | None = None
) -> dict[str, Hardening]:
    """Return each system's newest state of hardening; a system never scanned is not in it.

    With `hosts_there_are`, hosts that were scanned once and have left the inventory do not count. What is in `waived`
    does not count as failing.
    """
    kept = ledger.project(HARDENING)
    carrying: dict[str, dict[str, Any]] = {}
    for name, host in kept.items():
        if hosts_there_are is None or name in hosts_there_are:
            for key in host["systems"]:
                carrying.setdefault(key, {})[name] = host
    return {key: _sum(carrying[key], (waived or {}).get(key, ())) for key in sorted(carrying)}


def _fold(state: State, record: Record) -> None:
    body = record.body
    state[body["host"]] = {"at": clock.to_text(record.at), "seq": record.seq, **body}


HARDENING = Projection("hardening", 1, _fold, (SCANNED,))
"""Each host's newest scan: {host: {at, seq, host, systems, error, counts, failing, unknown}}."""


def _scanned(host: HostScan) -> Entry:
    body = {
        "host": host.host,
        "systems": list(host.systems),
        "level": host.level,
        "error": host.error,
        "counts": _counts(host),
        "failing": host.raw("fail"),
        "unknown": host.ids("unknown"),
    }
    return Entry(SCANNED, body, _system(host))


def _applied(applied: Applied, before: HostScan, after: HostScan) -> Entry:
    outcome = applied.outcome
    body = {
        "host": after.host,
        "systems": list(after.systems),
        "changed": len(outcome.on(after.host)),
        "failed": outcome.failed.get(after.host) or outcome.unreached.get(after.host),
        "controls_before": _counts(before),
        "controls_after": _counts(after),
        "run": applied.run,
        "kept": None if (kept := applied.kept.get(after.host)) is None else dict(kept),
    }
    return Entry(runs.APPLIED, body, _system(after))


def _counts(host: HostScan) -> dict[str, int]:
    """Count verdicts as they were found: waivers end, what the ledger says does not."""
    return {word: len(host.raw(word)) for word in _WORDS}


def _system(host: HostScan) -> str | None:
    """Return the system a record is about; a host that carries several is filed under none of them."""
    return host.systems[0] if len(host.systems) == 1 else None


def _sum(hosts: Mapping[str, Any], accepted: Collection[str]) -> Hardening:
    oldest = min(hosts.values(), key=lambda host: int(host["seq"]))
    reached: Sequence[Any] = [host for host in hosts.values() if host["error"] is None]
    count = {word: sum(host["counts"][word] for host in reached) for word in _WORDS}
    failing = [name for host in reached for name in host["failing"]]
    aside = [name for name in failing if name in accepted]
    return Hardening(
        at=clock.from_text(oldest["at"]),
        seq=oldest["seq"],
        hosts=tuple(hosts),
        passed=count["pass"],
        failed=count["fail"] - len(aside),
        unknown=count["unknown"],
        not_applicable=count["not_applicable"],
        failing=tuple(sorted(set(failing) - set(aside))),
        unreached=tuple(name for name, host in hosts.items() if host["error"] is not None),
        evidence=tuple(sorted(host["seq"] for host in hosts.values())),
        level=min(host["level"] for host in hosts.values()),
        waived=tuple(sorted(set(aside))),
    )
