"""`holdfast ledger`: what happened, and the proof that nobody rewrote it."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from cli import output
from cli.context import JsonOption, current
from cli.ledger_keys import key as keys
from cli.ledger_moves import erase, export, import_
from cli.ledger_outbox import outbox
from inventory.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from ledger.projection import Projection
    from ledger.proof import Proof

ledger = typer.Typer(name="ledger", no_args_is_help=True, help="What happened, and the proof that nobody rewrote it.")
ledger.command()(export)
ledger.command("import")(import_)
ledger.command()(erase)
ledger.add_typer(keys)
ledger.add_typer(outbox)


@ledger.command()
def show(
    context: typer.Context,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only this kind; `backup.` for all that begin so (repeatable).")
    ] = None,
    system: Annotated[str | None, typer.Option("--system", help="Only records about this system.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Only from this day or moment on.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Only before this day or moment.")] = None,
    last: Annotated[int, typer.Option("--last", min=0, help="How many of the newest; 0 for all.")] = 20,
    json: JsonOption = False,
) -> ExitCode:
    """Show records, the newest last. A day or moment without an offset is meant where the site is.

    Example: holdfast ledger show --kind backup. --system sso --since 2026-11-01 --last 5
    """
    here = current(context)
    start, end = (_moment(text, here.site.settings.timezone) for text in (since, until))
    if start is None and end is None:
        records = list(here.ledger.read(kinds=kind or (), system=system, newest=last or None))
    else:
        found = here.ledger.read(kinds=kind or (), system=system)
        within = (r for r in found if (start is None or r.at >= start) and (end is None or r.at < end))
        records = list(deque(within, maxlen=last or None))
    if json:
        output.document([record.to_json() for record in records])
        return ExitCode.DONE
    rows = [[str(r.seq), f"{r.at:%Y-%m-%d %H:%M:%S}Z", r.kind, r.system or "-", r.actor, r.brief()] for r in records]
    output.table(["seq", "at", "kind", "system", "actor", "what"], rows, right=[0])
    return ExitCode.DONE


def _moment(text: str | None, timezone: str) -> datetime | None:
    """Read a day or moment; without an offset it is meant where the site is."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no day or moment", hint="write 2026-11-23 or 2026-11-23T03:10") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(timezone))


@ledger.command()
def verify(
    context: typer.Context,
    against: Annotated[
        list[Path] | None, typer.Option("--against", help="A checkpoint that was kept outside (repeatable).")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The public key that was kept outside.")] = None,
    json: JsonOption = False,
) -> ExitCode:
    """Walk the whole chain of records and hold it against checkpoints kept outside.

    Alerts, objects and the views kept for speed are held against the records too. Ends with 0 when proved up to a
    checkpoint, 1 when broken or when nothing from outside proves it.

    Example: holdfast ledger verify --against /mnt/offline/checkpoint.json --key /mnt/offline/checkpoint.pub
    """
    from ledger.proof import prove

    here = current(context)
    with output.progress("Walking the ledger"):
        proof = prove(here.ledger, here.state, here.site.settings.site, against or [], key, _views())
    if json:
        output.document(proof.to_json())
    else:
        _tell(proof)
    return ExitCode.DONE if proof.anchored else ExitCode.FINDINGS


@ledger.command()
def checkpoint(
    context: typer.Context,
    to: Annotated[Path | None, typer.Option("--to", help="Where to write it; else it is printed.")] = None,
    public: Annotated[bool, typer.Option("--public", help="Print only the public key, to be kept outside.")] = False,
) -> ExitCode:
    """Sign the newest record, to be kept where nobody on this machine can change it.

    Example: holdfast ledger checkpoint --to /mnt/offline/checkpoint.json
    """
    from ledger import checkpoint as checkpoints

    here = current(context)
    if public:
        output.line(checkpoints.public_text(checkpoints.private_key(here.state).public_key()).rstrip())
        return ExitCode.DONE
    here.actor.may("operator", "security", "responder")
    if to is None:
        made = checkpoints.sign(here.ledger, here.state, here.site.settings.site, "stdout")
        output.line(checkpoints.to_json(made).decode().rstrip())
        return ExitCode.DONE
    made = checkpoints.write(here.ledger, here.state, here.site.settings.site, to)
    output.line(f"checkpoint of record {made.seq} written to {to}, its public key to {to.with_suffix('.pub')}")
    output.line(f"key {made.key_id}; note it on paper")
    return ExitCode.DONE


def _views() -> list[Projection]:
    """Return every view that is kept in the ledger's database."""
    from backup.projection import COPIES
    from detect.history import PROJECTION
    from incident.incident import INCIDENTS
    from incident.measured import LESSONS
    from incident.runs import RUNS
    from playbooks.history import HARDENING
    from playbooks.runs import RUNS as HARDENING_RUNS

    return [COPIES, PROJECTION, INCIDENTS, LESSONS, RUNS, HARDENING, HARDENING_RUNS]


def _tell(proof: Proof) -> None:
    verdict = proof.verdict
    for fault in proof.faults:
        output.line(f"BROKEN: {fault}")
    for name in proof.erased:
        output.line(f"object {name[:16]} was erased by law (holdfast ledger show --kind object.erased)")
    if proof.key_id:
        place = "kept beside the ledger: compare it with your paper" if proof.key_beside_ledger else "given"
        output.line(f"checkpoint key {proof.key_id} from {proof.key_from} ({place})")
    if not proof.whole:
        output.line(f"The ledger is BROKEN: {len(proof.faults)} faults in {verdict.records} records")
    elif not proof.anchored:
        output.line(f"{verdict.records} records, whole, unanchored: nothing from outside proves them")
        output.line("Next: holdfast ledger verify --against CHECKPOINT")
    else:
        newer = f"; {proof.unanchored} newer records are unanchored" if proof.unanchored else ""
        output.line(f"{verdict.records} records, whole, verified up to record {proof.anchored}{newer}")
