"""`holdfast backup`: take copies, look after them, bring files back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.context import Context, JsonOption, current
from cli.media_commands import media
from cli.vault_commands import vault
from inventory.errors import ExitCode, HoldfastError, UsageError, worst

if TYPE_CHECKING:
    from datetime import datetime

    from backup.depot import Depot
    from backup.history import Medium
    from backup.restore import RestoreReport
    from backup.status import SystemStatus
    from backup.take import BackupReport

_SAID = {"complete": "note", "incomplete": "warning"}

backup = typer.Typer(name="backup", no_args_is_help=True, help="Take copies, look after them, bring files back.")
backup.add_typer(media)
backup.add_typer(vault)


def depot_of(here: Context) -> Depot:
    """Return the site's stores."""
    from backup.depot import Depot

    return Depot(here.site, here.state, here.ledger)


@backup.command()
def run(
    context: typer.Context,
    systems: Annotated[list[str] | None, typer.Argument(metavar="[SYSTEM]...", help="Which systems.")] = None,
    due: Annotated[bool, typer.Option("--due", help="Only systems whose copy is due now.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every system that names a vault.")] = False,
    json: JsonOption = False,
) -> ExitCode:
    """Back systems up into their vaults. One SYSTEM with --json prints one object, else {"runs": [...]}.

    Ends with 1 when something could not be read (the snapshot is kept), 3 when a backup failed.

    Example: holdfast backup run edoc
    """
    from backup.take import back_up, choose

    here = current(context)
    here.actor.may("operator", "responder")
    depot = depot_of(here)
    chosen = choose(depot, systems or [], due=due, everything=everything)
    with output.progress("Backing up") as progress:
        reports = [back_up(depot, key, progress.show) for key in chosen]
    if json:
        single = len(systems or []) == 1 and not due
        output.document(reports[0].as_json() if single else {"runs": [report.as_json() for report in reports]})
    else:
        _show_runs(reports)
    _tell_failures([(report.system, report.failure) for report in reports])
    return worst(report.exit_code for report in reports)


@backup.command()
def status(context: typer.Context, json: JsonOption = False) -> ExitCode:
    """Show each system's newest copy, its age against the RPO, 3-2-1 with a reason for every no, and the media.

    Ends with 1 when a system is past its RPO or 3-2-1 does not hold.

    Example: holdfast backup status
    """
    from backup import lost
    from backup.history import state_of
    from backup.status import of_system

    here = current(context)
    copies = state_of(here.ledger)
    now, unreadable = here.clock.now(), lost.of_systems(here.site, copies)
    rows = [of_system(here.site, copies, key, now, unreadable[key]) for key in here.site.own]
    if json:
        found = [medium.as_json() for medium in copies.media.values()]
        output.document({"systems": [row.as_json() for row in rows], "media": found})
    else:
        _tell_status(rows)
        _tell_media(copies.media.values())
    clean = all(row.within_rpo and row.three_two_one and not row.failures for row in rows)
    return ExitCode.DONE if clean else ExitCode.FINDINGS


@backup.command(name="copy")
def copy_(
    context: typer.Context,
    systems: Annotated[
        list[str] | None, typer.Argument(metavar="[SYSTEM]...", help="Which; else all of the set.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="The medium's label; else the one that is attached.")] = None,
    json: JsonOption = False,
) -> ExitCode:
    """Copy snapshots from the vault onto an attached medium, and prove that each one arrived.

    Example: holdfast backup copy --to weekly-a
    """
    from backup import transfer

    here = current(context)
    here.actor.may("operator")
    depot = depot_of(here)
    label = to or transfer.attached(depot)
    with output.progress(f"Copying to {label}") as progress:
        reports = transfer.copy_to(depot, label, systems or transfer.systems_for(depot, label), progress.show)
    if json:
        output.document({"medium": label, "copies": [report.as_json() for report in reports]})
    else:
        rows = [[r.system, r.status, str(len(r.arrived)), f"{r.seconds:.1f}s", "; ".join(r.problems)] for r in reports]
        output.table(["system", "status", "snapshots proved there", "took", "problems"], rows, right=[2, 3])
        good = sum(report.status == "complete" for report in reports)
        output.line(f"{good} of {len(reports)} systems have every snapshot on {label}, proved there")
    _tell_failures([(report.system, report.failure) for report in reports])
    return worst(report.exit_code for report in reports)


@backup.command()
def check(
    context: typer.Context,
    store: Annotated[str | None, typer.Argument(metavar="[STORE]", help="A vault or medium; else every vault.")] = None,
    read_data: Annotated[bool, typer.Option("--read-data", help="Read every byte, not only the structure.")] = False,
    json: JsonOption = False,
) -> ExitCode:
    """Check copies: is the structure whole and, with --read-data, every byte. Ends with 1 when damage is found.

    Example: holdfast backup check weekly-a --read-data
    """
    from backup.checks import check_stores

    here = current(context)
    here.actor.may("operator", "responder")
    with output.progress("Checking") as progress:
        reports = check_stores(depot_of(here), store, read_data=read_data, progress=progress.show)
    if json:
        output.document({"checks": [report.as_json() for report in reports]})
    else:
        how = "every byte" if read_data else "structure"
        rows = [[r.system, r.store, how, r.verdict, f"{r.seconds:.1f}s", "; ".join(r.problems[:3])] for r in reports]
        output.table(["system", "store", "checked", "verdict", "took", "problems"], rows, right=[4])
        output.line(f"{sum(r.whole for r in reports)} of {len(reports)} copies whole ({how} read)")
        _point_to_others(r.system for r in reports if r.exit_code == ExitCode.FINDINGS)
    _tell_failures([(report.system, report.failure) for report in reports])
    return worst(report.exit_code for report in reports)


@backup.command()
def restore(
    context: typer.Context,
    system: Annotated[str, typer.Argument(help="Whose data.")],
    to: Annotated[Path, typer.Option("--to", help="Where to; each host gets a folder of its own there.")],
    paths: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="Which paths; else all.")] = None,
    snapshot: Annotated[str, typer.Option("--snapshot", help="Which one, by the beginning of its id.")] = "latest",
    store: Annotated[str | None, typer.Option("--from", help="From which vault or medium; else the best one.")] = None,
    json: JsonOption = False,
) -> ExitCode:
    """Bring files back into a folder, compared with what was copied. To bring a system back, use `recover`.

    Ends with 1 when anything differs from what was copied; then nothing is put in place.

    Example: holdfast backup restore edoc /srv/edoc/files --to /tmp/edoc --snapshot latest
    """
    from backup.candidates import find
    from backup.restore import restore_files

    if not snapshot.strip() or (store is not None and not store.strip()):
        raise UsageError(
            "--snapshot and --from need a value that is not empty", hint=f"see: holdfast recover candidates {system}"
        )
    here = current(context)
    here.actor.may("operator", "responder")
    depot = depot_of(here)
    candidate = find(depot, system, snapshot=snapshot, store=store or "")
    with output.progress(f"Restoring {system}") as progress:
        report = restore_files(depot, candidate, paths or [], to, progress.show)
    if json:
        output.document(report.as_json())
    else:
        _tell_restore(report, to)
    return ExitCode.DONE if report.verified else ExitCode.FINDINGS


def _show_runs(reports: list[BackupReport]) -> None:
    from inventory import size

    if not reports:
        output.line("nothing is due")
        return
    rows = [
        [r.system, r.status, str(r.files), str(r.bytes), f"{r.seconds:.1f}s", " ".join(s[:8] for s in r.snapshots)]
        for r in reports
    ]
    output.table(["system", "status", "files", "bytes", "took", "snapshots"], rows, right=[2, 3, 4])
    good = [report for report in reports if report.status == "complete"]
    bytes_ = sum(report.bytes for report in good)
    output.line(f"{len(good)} of {len(reports)} complete: {sum(r.files for r in good)} files, {size.show(bytes_)}")
    for report in reports:
        for problem in report.problems if report.failure is None else ():
            output.note(f"{_SAID[report.status]}: {report.system}: {problem}")


def _tell_status(rows: list[SystemStatus]) -> None:
    from inventory import duration

    table = []
    for row in rows:
        age = "none" if row.age is None else duration.show(row.age)
        reasons = [part.reason.split("; ") for part in (row.three, row.two, row.offline) if not part.ok]
        said = "; ".join(dict.fromkeys(reason for part in reasons for reason in part))
        in_time = "yes" if row.within_rpo else "NO"
        failed = "; ".join(f"last run into {item.store} {item.status}" for item in row.failures)
        why = "; ".join(part for part in (said, failed) if part) or row.offline.reason
        table.append([row.key, age, duration.show(row.rpo), in_time, "yes" if row.three_two_one else "NO", why])
    output.table(["system", "newest copy", "RPO", "in time", "3-2-1", "why"], table, right=[1, 2])


def _tell_media(media: Iterable[Medium]) -> None:
    rows = [
        [one.label, one.state, _minute(one.since), "yes" if one.proved_offline else "NO", _minute(one.sealed_at)]
        for one in media
    ]
    if rows:
        output.line()
        output.table(["medium", "state", "since", "proved offline", "sealed"], rows)


def _minute(moment: datetime | None) -> str:
    from inventory.clock import to_text

    return "never" if moment is None else to_text(moment)[:16].replace("T", " ")


def _tell_restore(report: RestoreReport, to: Path) -> None:
    for problem in report.problems:
        output.note(problem)
    if report.verified:
        output.line(
            f"{report.files} files, {report.bytes} bytes restored to {to} from {report.store} "
            f"(snapshot {report.snapshot[:8]}); all {report.manifest_compared} entries are as they were copied"
        )
    else:
        output.line(f"NOT verified: {len(report.problems)} differences; nothing was put in place")
        _point_to_others([report.system])


def _point_to_others(systems: Iterable[str]) -> None:
    for system in dict.fromkeys(systems):
        output.note(f"hint: use another copy: holdfast recover candidates {system}")


def _tell_failures(failures: Sequence[tuple[str, HoldfastError | None]]) -> None:
    """Say what failed and, once each, the next steps (stderr)."""
    told = [(system, failure) for system, failure in failures if failure is not None]
    for system, failure in told:
        output.note(f"error: {system}: {failure.message}")
    for hint in dict.fromkeys(failure.hint for _, failure in told if failure.hint):
        output.note(f"hint: {hint}")
