"""`holdfast init`: a first site."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.context import current
from inventory.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.context import Context
    from inventory.adopting import Offer

_STARTER = ("inventory validate", "inventory show example", "backup run example", "readiness")
_SAMPLE = ("inventory validate", "inventory list", "inventory graph", "inventory show apis", "readiness apis", "today")


def init(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(help="The site to make; must be new or empty.")],
    name: Annotated[str, typer.Option("--name", help="How people call the site.")] = "",
    sample: Annotated[bool, typer.Option("--sample", help="A whole invented province, to try things on.")] = False,
    from_ansible: Annotated[
        Path | None, typer.Option("--from-ansible", help="Adopt this Ansible inventory; its files stay as they are.")
    ] = None,
    system: Annotated[
        list[str] | None, typer.Option("--system", help="With --from-ansible: this group is a system (repeatable).")
    ] = None,
) -> ExitCode:
    """Make a site to start from: a small one, the sample province, or one around an Ansible inventory.

    Nothing that exists is overwritten.

    Example: holdfast init site --from-ansible ansible/inventory --system apis --system edoc
    """
    from inventory import people, starter

    if sample and from_ansible is not None:
        raise UsageError("a site is either a sample or made from an inventory", hint="leave out one of the two options")
    if system and from_ansible is None:
        raise UsageError("--system names a group of an inventory", hint="say which with --from-ansible PATH")
    called = name or ("Sample province" if sample else directory.resolve().name)
    if from_ansible is not None:
        return _adopt(current(context), directory, called, from_ansible, system or [])
    kind: starter.Kind = "sample" if sample else "starter"
    today = current(context).clock.now().date()
    written = starter.make(directory, name=called, login=people.current_login(), kind=kind, today=today)
    if sample:
        output.line(f"wrote the sample province into {directory}: {len(written)} files, every name and number invented")
    else:
        _wrote(written)
    _next(directory, _SAMPLE if sample else _STARTER)
    return ExitCode.DONE


def _adopt(here: Context, directory: Path, name: str, path: Path, wanted: list[str]) -> ExitCode:
    from inventory import adopting, people, site, starter
    from inventory.ansible_inventory import Ansible, cache_directory

    starter.require_empty(directory)
    ansible = Ansible(cache_directory(os.environ), here.clock.now())
    with output.progress("reading the inventory"):
        offer = adopting.look(path, ansible)
    chosen = adopting.choose(offer, wanted or _ask(offer))
    written = adopting.make(directory, offer, chosen, name=name, login=people.current_login())
    site.load(directory, ansible=ansible)
    _wrote(written)
    output.line()
    _tell(directory, offer, chosen)
    first = next(iter((*chosen, *offer.written)))
    _next(directory, ("inventory validate", f"inventory show {first}", "harden scan", "readiness"))
    return ExitCode.DONE


def _ask(offer: Offer) -> list[str]:
    """Ask which groups are systems; without a terminal, or with an empty answer, all on offer are."""
    if not (output.watched() and offer.groups):
        return []
    output.note(f"groups of {offer.path} that could be systems:")
    for name, hosts in offer.groups.items():
        output.note(f"  {name}: {', '.join(hosts)}")
    answer = output.ask("which are systems? (names with commas between; Enter: all of them)")
    return [name.strip() for name in answer.split(",") if name.strip()]


def _tell(directory: Path, offer: Offer, chosen: Sequence[str]) -> None:
    from inventory import adopting

    output.line(f"adopted {offer.path} as it is: {len(offer.hosts)} hosts; not one of its files was changed")
    rows = {
        "systems": chosen,
        "systems already": offer.written,
        "not chosen": [name for name in offer.groups if name not in chosen],
        "groups of groups": [name for name in offer.parents if name not in chosen],
        "no system's key": offer.unfit,
        "in no system": adopting.loose(offer, chosen),
    }
    for words, names in rows.items():
        if names:
            output.line(f"  {words + ':':<18}{', '.join(names)}")
    for remark in offer.remarks:
        output.line(f"warning: {remark}")
    if drafts := adopting.drafts(chosen[:1]):
        file = directory / adopting.SYSTEMS_FILE
        output.line()
        output.line(f"to fill in, for every system, in {file}: {', '.join(drafts[0].open)}")
        output.line("until then nothing of them is copied, and nobody can tell whether they work")


def _wrote(files: Sequence[Path]) -> None:
    for file in files:
        output.line(f"wrote {file}")


def _next(directory: Path, commands: Sequence[str]) -> None:
    output.line()
    output.line("Next:")
    output.line(f"  mkdir -m 700 {quote(str(directory / 'vault'))}")
    for command in commands:
        output.line(f"  holdfast --site {quote(str(directory))} {command}")
