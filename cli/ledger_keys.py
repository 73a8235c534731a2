"""`holdfast ledger key`: the key that signs checkpoints."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import output
from cli.context import Context, JsonOption, current
from inventory.errors import ExitCode, RefusedError

key = typer.Typer(name="key", no_args_is_help=True, help="The key that signs the ledger's checkpoints.")


@key.command()
def show(context: typer.Context, json: JsonOption = False) -> ExitCode:
    """Show the key's fingerprint, to be compared with your paper, and the keys before it.

    Example: holdfast ledger key show
    """
    from ledger import keys

    here = current(context)
    public = keys.private_key(here.state).public_key()
    changes = list(here.ledger.read(kinds=[keys.ROTATED, keys.REPLACED]))
    if json:
        shown = [{"record": r.seq, "old": r.body["old"], "vouched": r.kind == keys.ROTATED} for r in changes]
        output.document(
            {"fingerprint": keys.fingerprint(public), "public": keys.public_text(public).strip(), "changes": shown}
        )
        return ExitCode.DONE
    output.line(keys.fingerprint(public))
    output.line(keys.public_text(public).rstrip())
    for record in changes:
        how = "rotated" if record.kind == keys.ROTATED else "REPLACED WITHOUT THE OLD KEY"
        output.line(f"record {record.seq}, {record.at:%Y-%m-%d}, {how}: before it {record.body['old'] or 'no key'}")
    return ExitCode.DONE


@key.command()
def rotate(
    context: typer.Context,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is recorded.")],
    lost: Annotated[bool, typer.Option("--lost", help="The old key is lost or stolen and cannot vouch.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> ExitCode:
    """Make a new signing key; the old one vouches for it, then its private half is removed.

    Who holds only the old public key can still check every new checkpoint. With --lost nothing vouches for the new
    key: tell its fingerprint to everybody who keeps checkpoints, by another way than this machine.

    Example: holdfast ledger key rotate --reason "yearly rotation"
    """
    from ledger import keys, rotation

    here = current(context)
    here.actor.may("security", "head")
    _ask(here, lost=lost, yes=yes)
    if lost:
        record = rotation.replace_lost(here.ledger, here.state, reason)
    else:
        record = rotation.rotate(here.ledger, here.state, here.site.settings.site, reason)
    new = keys.fingerprint(keys.private_key(here.state).public_key())
    output.line(f"record {record.seq}: the signing key is now {new}")
    output.line("Next: note it on paper, and write a checkpoint outside: holdfast ledger checkpoint --to FILE")
    return ExitCode.DONE


def _ask(here: Context, *, lost: bool, yes: bool) -> None:
    from ledger import keys

    public = keys.public_file(here.state)
    now = keys.fingerprint(keys.read_public(public)) if public.exists() else "no key yet"
    output.note(f"The signing key of {here.site.settings.site} is {now}. A new one takes its place,")
    output.note("and NOTHING vouches for it." if lost else "the old one vouches for it and is removed.")
    if not yes and not output.confirm("Make a new signing key?"):
        raise RefusedError("the signing key was not changed: nobody said yes", hint="add --yes to go on without asking")
