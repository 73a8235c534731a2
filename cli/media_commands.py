"""`holdfast backup media`: disks that are put away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.context import JsonOption, current
from inventory.errors import ExitCode

if TYPE_CHECKING:
    from backup.depot import Depot

media = typer.Typer(name="media", no_args_is_help=True, help="Offline media: prepare, use, seal, put away, prove.")

LabelArgument = Annotated[str, typer.Argument(metavar="LABEL", help="The medium's label in holdfast.yml.")]


@media.command(name="list")
def list_(context: typer.Context, json: JsonOption = False) -> ExitCode:
    """Show every medium: where it is, and when it was last sealed and probed.

    Example: holdfast backup media list
    """
    from backup.media import listed

    rows = listed(_depot(context))
    if json:
        output.document([row.as_json() for row in rows])
        return ExitCode.DONE
    table = [[r.label, r.set, r.state, r.where, _day(r.sealed_at), _day(r.probed_at), r.proof] for r in rows]
    output.table(["label", "set", "state", "where", "sealed", "probed", "offline"], table)
    return ExitCode.DONE


@media.command()
def prepare(context: typer.Context, label: LabelArgument) -> ExitCode:
    """Make a new, empty medium known. Nothing on a medium that is not empty is touched.

    Example: holdfast backup media prepare weekly-a
    """
    from backup import media as offline

    made = offline.prepare(_depot_to_change(context), label)
    output.line(f"{label} is prepared (id {made.id[:8]}) and put away; next: holdfast backup media attach {label}")
    return ExitCode.DONE


@media.command()
def attach(context: typer.Context, label: LabelArgument) -> ExitCode:
    """Put a medium in use, after proving that it is the right one. A wrong one is refused (4), nothing is written.

    Example: holdfast backup media attach weekly-a
    """
    from backup import media as offline

    store = offline.attach(_depot_to_change(context), label)
    output.line(f"{label} is the right medium and is attached at {store.path}")
    return ExitCode.DONE


@media.command()
def seal(context: typer.Context, label: LabelArgument) -> ExitCode:
    """Write the signed checkpoint of the ledger and a how-to onto an attached medium.

    Example: holdfast backup media seal weekly-a
    """
    from backup import sealing

    file = sealing.seal(_depot_to_change(context), label)
    output.line(f"{label} is sealed: {file}; next: holdfast backup media detach {label}")
    return ExitCode.DONE


@media.command()
def detach(context: typer.Context, label: LabelArgument) -> ExitCode:
    """Put a medium away, out of reach.

    Example: holdfast backup media detach weekly-a
    """
    from backup import media as offline

    place = offline.detach(_depot_to_change(context), label)
    output.line(f"{label} is put away at {place}; next: holdfast backup media probe {label}")
    return ExitCode.DONE


@media.command()
def probe(context: typer.Context, label: LabelArgument, json: JsonOption = False) -> ExitCode:
    """Try to reach a medium that is put away. It must not answer: if it does, an alert is raised (1).

    Example: holdfast backup media probe weekly-a
    """
    from backup import probing

    found = probing.probe(_depot_to_change(context), label)
    if json:
        output.document(found.as_json())
    else:
        for tried in found.tried:
            output.line(f"tried {tried}")
        output.line(f"{label} {'ANSWERS: it is not offline' if found.reached else 'cannot be reached'}")
    return ExitCode.FINDINGS if found.reached else ExitCode.DONE


def _depot_to_change(context: typer.Context) -> Depot:
    current(context).actor.may("operator", "responder")
    return _depot(context)


def _depot(context: typer.Context) -> Depot:
    from backup.depot import Depot

    here = current(context)
    return Depot(here.site, here.state, here.ledger)


def _day(moment: str | None) -> str:
    return "never" if moment is None else moment[:16].replace("T", " ")
