"""`holdfast inventory host`: trust a host's key, prepare the host for Holdfast, forget it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import completion, output
from cli.context import Context, JsonOption, current
from inventory.errors import ExitCode, RefusedError, UsageError

if TYPE_CHECKING:
    from playbooks.trust import Offer

host = typer.Typer(name="host", no_args_is_help=True, help="One host: trust its key, prepare it, forget it.")

Name = Annotated[
    str, typer.Argument(help="The host, as the inventory names it.", metavar="HOST", autocompletion=completion.hosts)
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@host.command("trust")
def trust_(
    context: typer.Context,
    name: Name,
    brought: Annotated[
        Path | None, typer.Option("--from", help="A file with the host's public key, brought from its console.")
    ] = None,
    fingerprint: Annotated[
        list[str] | None,
        typer.Option("--fingerprint", help="SHA256:… read at the console: compared without asking (repeatable)."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Another key is known: the host was set up anew.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why another key takes its place.")] = "",
    yes: Yes = False,
    json: JsonOption = False,
) -> ExitCode:
    """Take a host's key for its own, after comparing its fingerprint with the host's console.

    Example: holdfast inventory host trust web-1 --fingerprint SHA256:…
    """
    from playbooks import trust

    here = current(context)
    here.actor.may("security", "operator", "responder")
    if replace and not reason.strip():
        raise UsageError("--replace needs --reason", hint='--reason "set up anew after the disk failed"')
    found = trust.offer(here.site, here.site.host(name), brought, fingerprint or [])
    if found.judged.state == "changed" and not replace:
        _refuse_other_key(found)
    if found.judged.state == "known":
        compared = _already(here, found)
    else:
        compared = "fingerprint given" if fingerprint else _compared(found, here, yes=yes)
        trust.trust(here.site, here.ledger, found, compared, reason)
    if json:
        output.document(found.document(compared))
    elif found.judged.state == "known":
        output.line(f"{name} is trusted already: its key is in {here.site.root / 'known_hosts'}")
    else:
        count = len(found.judged.offered)
        output.line(f"{name} is trusted: {count} key{'s' * (count != 1)} in known_hosts ({compared})")
    return ExitCode.DONE


def _already(here: Context, found: Offer) -> str:
    """Record a key that came into known_hosts by hand, once."""
    from playbooks import trust

    if trust.is_recorded(here.ledger, found.host, found.judged.known):
        return "known already"
    compared = "was in known_hosts without a record"
    trust.record(here.ledger, found, compared)
    return compared


def _refuse_other_key(found: Offer) -> None:
    from inventory import hostkeys

    name = found.host.name
    output.note(f"ANOTHER KEY IS KNOWN for {name}. It was set up anew, or somebody else answers in its place.")
    for key in found.judged.known:
        output.note(f"  known  {hostkeys.shown(key, name)}")
    for key in found.judged.offered:
        output.note(f"  shown  {hostkeys.shown(key, name)}")
    raise RefusedError(
        f"{name} has another key than the one known for it; nothing was changed",
        hint=f"if you set it up anew, compare at its console, then: holdfast inventory host trust {name} "
        '--replace --reason "…"',
    )


def _compared(found: Offer, here: Context, *, yes: bool) -> str:
    """Show the keys and ask whether they are the host's own; returns how that was found out.

    Raises:
        RefusedError: nobody said so.
    """
    from inventory import hostkeys

    name = found.host.name
    output.note(f"{name} ({found.host.address} port {found.host.port}), from {found.source}:")
    for key in found.judged.offered:
        output.note(f"  {hostkeys.shown(key, name)}")
    output.note(hostkeys.how_to_compare(found.host))
    if yes:
        return "not compared: taken with --yes"
    if output.confirm("Are they the same?"):
        return f"{here.actor.login} said they are the same"
    raise RefusedError(
        f"{name} is not trusted: nobody said that the fingerprints are the same",
        hint=f"holdfast inventory host trust {name} --fingerprint SHA256:…",
    )
