"""`holdfast inventory host`: trust a host's key, prepare the host for Holdfast, forget it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import completion, host_output, output, plan_output
from cli.context import Context, JsonOption, current
from inventory.errors import ExitCode, HoldfastError, RefusedError, UsageError

if TYPE_CHECKING:
    from playbooks.plan import Outcome
    from playbooks.program import Program
    from playbooks.trust import Offer
    from playbooks.way import Way

host = typer.Typer(name="host", no_args_is_help=True, help="One host: trust its key, prepare it, forget it.")

Name = Annotated[
    str, typer.Argument(help="The host, as the inventory names it.", metavar="HOST", autocompletion=completion.hosts)
]
As = Annotated[str, typer.Option("--as", help="Come in as this user, not as the inventory's.", metavar="USER")]
Key = Annotated[Path | None, typer.Option("--key", help="Come in with this private SSH key.")]
Ask = Annotated[bool, typer.Option("--ask", help="Ask for the password sudo wants (or read it from standard input).")]
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


@host.command("prepare")
def prepare_(
    context: typer.Context,
    name: Name,
    user: As = "",
    key: Key = None,
    ask: Ask = False,
    hardening: Annotated[
        bool, typer.Option("--hardening", help="Let Ansible harden it as this account: that makes the account root.")
    ] = False,
    yes: Yes = False,
    json: JsonOption = False,
) -> ExitCode:
    """Make Holdfast's account on a host: one SSH key, one sudo rule, a restic of its own. Shows the plan first.

    Example: holdfast inventory host prepare web-1 --as admin
    """
    from backup import onhost
    from playbooks import prepare

    here, way = _begin(context, name, user, key, ask=ask)
    what = prepare.wanted(here.state, _restic(), onhost.program(), hardening=hardening)
    with output.progress(f"Looking at {name}") as progress:
        planned = prepare.plan(here.site, way, what, told=progress.show)
    host_output.warn_of_rights(name, hardening=hardening)
    _agree(planned, yes=yes, command=f"holdfast inventory host prepare {name} --yes")
    with output.progress(f"Preparing {name}") as progress:
        done = prepare.prepare(here.site, here.state, way, what, told=progress.show)
    prepare.record(here.ledger, way, what, done)
    if json:
        output.document(done.document())
    else:
        host_output.prepared(done)
    return done.exit_code


@host.command("forget")
def forget_(
    context: typer.Context,
    name: Name,
    user: As = "",
    key: Key = None,
    ask: Ask = False,
    keep_key: Annotated[bool, typer.Option("--keep-key", help="Leave the host's key in known_hosts.")] = False,
    yes: Yes = False,
    json: JsonOption = False,
) -> ExitCode:
    """Take away from a host all that `prepare` made, and show that it is gone. Come in as another administrator.

    Example: holdfast inventory host forget web-1 --as admin
    """
    from playbooks import forget

    here, way = _begin(context, name, user, key, ask=ask)
    with output.progress(f"Looking at {name}") as progress:
        planned = forget.plan(here.site, way, told=progress.show)
    if way.is_the_account:
        host_output.warn_of_detached(name)
    _agree(planned.outcome, yes=yes, command=f"holdfast inventory host forget {name} --yes", anyway=way.is_the_account)
    with output.progress(f"Forgetting {name}") as progress:
        done = forget.forget(here.site, here.state, way, planned, here.clock, told=progress.show)
    done = done if keep_key else forget.distrust(here.site, way, done)
    forget.record(here.ledger, way, done)
    if json:
        output.document(done.document())
    else:
        host_output.forgotten(done)
    return done.exit_code


def _begin(context: typer.Context, name: str, user: str, key: Path | None, *, ask: bool) -> tuple[Context, Way]:
    """Return where we are and the way into the host, once it is clear that both may be used."""
    from playbooks import way

    here = current(context)
    here.actor.may("security", "operator")
    found = here.site.host(name)
    way.require_trusted(here.site, found)
    password = output.secret(f"sudo's password of {user or found.user or 'your user'} on {name}: ") if ask else ""
    return here, way.Way(found, user, key, password)


def _restic() -> Program:
    import shutil

    from backup import restic
    from inventory.errors import MissingToolError
    from playbooks import program

    named = restic.find(os.environ, Path(__file__).parent.parent)
    if (path := shutil.which(named)) is None:
        raise MissingToolError(f"{named} is not installed, so no host can be given one", hint="make restic")
    return program.describe(Path(path))


def _agree(plan: Outcome, *, yes: bool, command: str, anyway: bool = False) -> None:
    """Show the plan and ask, unless there is nothing to change (`anyway`: the plan cannot show it all).

    Raises:
        RefusedError: nobody agreed.
        HoldfastError: the plan could not be made.
    """
    for text in plan_output.lines(plan):
        output.note(text)
    if plan.exit_code:
        raise HoldfastError("the plan could not be made; nothing was changed", hint="mend what is named above")
    if (plan.changes or anyway) and not yes and not output.confirm("Do this?"):
        raise RefusedError("nothing was changed: nobody agreed to the plan", hint=command)


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
