"""How a scan of hosts is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli import output

if TYPE_CHECKING:
    from collections.abc import Collection

    from playbooks.controls import Control
    from playbooks.judge import Word
    from playbooks.scan import HostScan, Scan

_ASKED: tuple[Word, ...] = ("pass", "fail", "unknown", "waived")


def show_scan(scan: Scan, rules: Any) -> None:
    """Print what a scan found, host by host, and the sum."""
    for host in scan.hosts:
        _show_host(host, rules)
    reached = [host for host in scan.hosts if host.error is None]
    passed, failed = (sum(host.count(word) for host in reached) for word in ("pass", "fail"))
    unknown, waived = (sum(host.count(word) for host in reached) for word in ("unknown", "waived"))
    accepted = f", {waived} waived" if waived else ""
    output.line(
        f"{passed} of {passed + failed + unknown + waived} controls pass on {len(reached)} of {len(scan.hosts)} hosts; "
        f"{failed} fail, {unknown} unknown{accepted}"
    )


def _show_host(host: HostScan, rules: Any) -> None:
    output.line(f"{host.host} ({', '.join(host.systems) or 'no system'}; judged at level {host.level})")
    if host.error is not None:
        output.line(f"  error: {host.error}")
    for note in host.notes:
        output.line(f"  note: {note}")
    grouped = {reason: ids for reason, ids in host.unknowns().items() if len(ids) > 1}
    rows = _rows(host, "fail", rules) + _rows(host, "unknown", rules, without=grouped)
    if rows:
        output.table(("  control", "verdict", "severity", "title", "found", "expected", "to mend"), rows)
    for verdict in (each for each in host.verdicts if each.verdict == "waived"):
        output.line(f"  {verdict.control} fails and is {verdict.waiver}")
    for reason, ids in grouped.items():
        output.line(f"  {len(ids)} controls unknown: {reason} ({', '.join(ids)})")
    if host.error is None:
        asked = sum(host.count(word) for word in _ASKED)
        aside = host.count("not_applicable")
        output.line(f"  {host.count('pass')} of {asked} pass ({aside} controls do not apply to this host)")
    output.line()


def _rows(host: HostScan, word: Any, rules: Any, without: Collection[str] = ()) -> list[tuple[str, ...]]:
    """Return the table's rows for one kind of verdict, the gravest first, without those told by their reason."""
    from playbooks.controls import weight

    chosen = sorted(
        (v for v in host.verdicts if v.verdict == word and v.found not in without), key=lambda v: -weight(v.severity)
    )
    rows: list[tuple[str, ...]] = []
    for verdict in chosen:
        rule: Control = rules[verdict.control]
        mend = str(rule.mend) if word == "fail" else "find out why it could not be read"
        rows.append(
            (
                f"  {rule.id}",
                verdict.verdict,
                verdict.severity,
                rule.title,
                _short(verdict.found),
                _short(verdict.expected),
                mend,
            )
        )
    return rows


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
