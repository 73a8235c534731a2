"""`holdfast ledger export`, `import` and `erase`: the whole ledger as files, and one object gone by law."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.approving import ApprovalFiles, obtain
from cli.context import JsonOption, current
from inventory.errors import ExitCode, RefusedError


def export(
    context: typer.Context,
    to: Annotated[Path, typer.Option("--to", help="A directory that does not exist yet.")],
    json: JsonOption = False,
) -> ExitCode:
    """Write the whole ledger as files: the exact bytes of every record, alerts, messages, objects, a checkpoint.

    Example: holdfast ledger export --to /mnt/archive/ledger-2026
    """
    from ledger import transfer

    here = current(context)
    here.actor.may("operator", "security", "head")
    with output.progress("Writing the ledger"):
        moved = transfer.export(here.ledger, here.state, here.site.settings.site, to)
    if json:
        output.document({"to": str(to), **vars(moved)})
        return ExitCode.DONE
    output.line(
        f"{moved.records} records, {moved.alerts} alerts, {moved.messages} messages, {moved.objects} objects in {to}"
    )
    return ExitCode.DONE


def import_(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="The directory of an export.", metavar="DIR")],
    key: Annotated[Path | None, typer.Option("--key", help="The public key that was kept outside.")] = None,
    json: JsonOption = False,
) -> ExitCode:
    """Read an export into an empty ledger, every byte checked; what is not whole leaves nothing.

    Example: holdfast ledger import /mnt/archive/ledger-2026 --key /mnt/offline/checkpoint.pub
    """
    from ledger import transfer

    here = current(context)
    here.actor.may("operator", "security", "head")
    with output.progress("Reading the ledger"):
        moved = transfer.import_(here.any_ledger, here.state, here.site.settings.site, source, key)
    if json:
        output.document({"from": str(source), **vars(moved)})
        return ExitCode.DONE
    output.line(f"{moved.records} records, {moved.alerts} alerts, {moved.messages} messages, {moved.objects} objects")
    if key is None:
        output.line("The key came with the export: compare its fingerprint with your paper")
    output.line("Next: holdfast ledger verify --against CHECKPOINT")
    return ExitCode.DONE


def erase(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The object's name: 64 hex digits.", metavar="OBJECT")],
    reason: Annotated[str, typer.Option("--reason", help="The law and the request; it stays for good.")],
    approval: ApprovalFiles = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> ExitCode:
    """Erase an object by law, with the signed approval of somebody else; its hash and the reason stay.

    Without --approval the plan is shown and the text to sign is written.

    Example: holdfast ledger erase 3f9a…c1 --reason "Law 91/2025, request 17" --approval REQUEST.approval.sig
    """
    from inventory.approval import Request, Rule
    from ledger import erasure
    from ledger.objects import Objects

    here = current(context)
    here.actor.may("security", "operator", "head")
    objects = Objects(here.state)
    plan = erasure.plan(here.ledger, objects, name, reason)
    output.note(f"object {plan.object}, {plan.size} bytes, is to be erased: {plan.reason}")
    for seq, kind in plan.referred_by:
        output.note(f"  record {seq} ({kind}) refers to it")
    if not plan.referred_by:
        output.note("  no record refers to it")
    if plan.recorded is None:
        what = f"erase object {plan.object[:16]} ({plan.size} bytes): {plan.reason}"
        request = Request(here.site.settings.site, plan.action, plan.digest, what)
        approved = obtain(here, request, Rule(another=True), approval or [])[0].as_json()
    else:
        output.note(f"  it is on record as erased (record {plan.recorded.seq}); this finishes it")
        approved = dict(plan.recorded.body["approval"])
    if not yes and not output.confirm("Erase it for good?"):
        raise RefusedError("nothing was erased: nobody said yes", hint="add --yes to go on without asking")
    record = erasure.carry_out(here.ledger, objects, plan, approved)
    output.line(f"erased; record {record.seq} says who, why and by whose leave")
    output.line("Copies of the state directory still hold it: let their retention pass, or prune them")
    return ExitCode.DONE
