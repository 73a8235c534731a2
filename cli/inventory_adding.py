"""`holdfast inventory add`: one more system, its file written for people to go on with."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import completion, output
from cli.context import Context, JsonOption, current
from inventory.errors import ExitCode, HoldfastError, RefusedError, UsageError

if TYPE_CHECKING:
    from inventory.draft import Draft
    from inventory.site import Site

Texts = list[str] | None
Hosts = Annotated[
    Texts,
    typer.Option(
        "--host", help="NAME=ADDRESS, NAME=local, or a host's NAME (repeatable).", autocompletion=completion.hosts
    ),
]
User = Annotated[str, typer.Option("--user", help="The account Ansible uses on new hosts.")]
Called = Annotated[str, typer.Option("--name", help="What people call it.")]
Local = Annotated[str, typer.Option("--name-local", help="Its name in the local language.")]
Unit = Annotated[str, typer.Option("--unit", help="Who runs it.")]
Accountable = Annotated[str, typer.Option("--accountable", help="Who answers for it.")]
Serves = Annotated[str, typer.Option("--serves", help="Whom or what it serves.")]
Level = Annotated[str, typer.Option("--level", help="1 to 5: how much harm its loss does.")]
Rto = Annotated[str, typer.Option("--rto", help="How soon it must be back, as 8h.")]
RtoReason = Annotated[str, typer.Option("--rto-reason", help="Why more than 24h is enough.")]
RtoApprover = Annotated[str, typer.Option("--rto-approver", help="Who approved more than 24h.")]
Rpo = Annotated[str, typer.Option("--rpo", help="How much work may be lost, as 6h.")]
Needs = Annotated[
    Texts,
    typer.Option(
        "--depends-on", help="A system that must be back before it (repeatable).", autocompletion=completion.systems
    ),
]
Data = Annotated[Texts, typer.Option("--data", help="postgresql:, sqlite: or files:WHAT@HOST (repeatable).")]
Copies = Annotated[Texts, typer.Option("--copy", help="vault:NAME=EVERY or media:NAME=EVERY (repeatable).")]
Logs = Annotated[Texts, typer.Option("--log", help="journald:UNIT@HOST or file:/PATH@HOST (repeatable).")]
RunbookName = Annotated[
    str, typer.Option("--runbook", help="The steps that bring it back.", autocompletion=completion.runbooks)
]
Normal = Annotated[
    Texts, typer.Option("--normal", help="https://…, port:N@HOST, command:WORDS@HOST, sql:DB:QUERY@HOST (repeatable).")
]
External = Annotated[bool, typer.Option("--external", help="Others run it: no hosts, no copies.")]
Yes = Annotated[bool, typer.Option("--yes", help="Ask nothing: take the options, and defaults for the rest.")]


def add(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="The system's key: a-z, 0-9, - and _.")],
    host: Hosts = None,
    user: User = "holdfast",
    name: Called = "",
    name_local: Local = "",
    unit: Unit = "",
    accountable: Accountable = "",
    serves: Serves = "",
    level: Level = "",
    rto: Rto = "",
    rto_reason: RtoReason = "",
    rto_approver: RtoApprover = "",
    rpo: Rpo = "",
    depends_on: Needs = None,
    data: Data = None,
    copy: Copies = None,
    log: Logs = None,
    runbook: RunbookName = "",
    normal: Normal = None,
    external: External = False,
    yes: Yes = False,
    json: JsonOption = False,
) -> ExitCode:
    """Add a system: asks what it must know, shows the file it will write, and keeps it if the whole site stays valid.

    Example: holdfast inventory add wiki --host wiki-1=192.0.2.30 --data files:/srv/wiki --rto 8h
    """
    here = current(context)
    here.actor.may("operator", "security")
    lists = {"depends_on": depends_on, "data": data, "copies": copy, "logs": log, "normal_when": normal}
    words = {"name": name, "name_local": name_local, "unit": unit, "accountable": accountable, "serves": serves}
    words |= {"level": level, "rto": rto, "rto_reason": rto_reason, "rto_approver": rto_approver, "rpo": rpo}
    words |= {"runbook": runbook, "external": "yes" if external else ""}
    said = {field: [text] for field, text in words.items() if text}
    said |= {field: texts for field, texts in lists.items() if texts}
    made, file = _draft(here, key, host or [], user, said, ask=output.watched() and not yes)
    return _keep(here, made, file, yes=yes, json=json)


def _draft(
    here: Context, key: str, hosts: Sequence[str], user: str, said: dict[str, list[str]], *, ask: bool
) -> tuple[Draft, Path]:
    from cli import inventory_asking
    from incident import runbook
    from inventory import adding, draft, draft_parts

    file = adding.target(here.site, key)
    if "external" in said:
        if hosts:
            raise UsageError("what others run has no hosts here", hint="leave out --host or --external")
        named = {}
    else:
        try:
            read = [draft_parts.host(text, user) for text in hosts]
        except ValueError as error:
            raise UsageError(f"--host: {error}", hint="--host web-1=192.0.2.30") from error
        named = adding.hosts(here.site, key, read)
    names = list(dict.fromkeys([*here.site.members.get(key, ()), *named]))
    runbooks = sorted(runbook.load(here.site.root).runbooks)
    system, guessed = inventory_asking.complete(here.site, key, names, said, runbooks, ask=ask)
    return draft.Draft(key, named, system, guessed), file


def _keep(here: Context, made: Draft, file: Path, *, yes: bool, json: bool) -> ExitCode:
    """Try the file out, show it, ask, write it.

    Raises:
        SiteError: the site would not be valid with it.
        RefusedError: nobody agreed, or somebody else wrote such a file meanwhile.
    """
    from incident import runbook
    from inventory import adding, draft
    from inventory.ansible_inventory import Ansible, cache_directory
    from ledger import durable

    text = draft.text([made], [f"{made.key}: added with `holdfast inventory add`.", *_explained(made)])
    tried = adding.tried(here.site, file, text, Ansible(cache_directory(os.environ), here.clock.now()))
    runbook.check(tried)
    if not yes:
        for line in text.splitlines():
            output.note(f"  {line}".rstrip())
        if not output.confirm(f"Write this to {file}?"):
            raise RefusedError("nothing was written: nobody agreed", hint="holdfast inventory add … --yes")
    try:
        durable.write(file, text.encode(), replace=False)
    except FileExistsError as error:
        raise RefusedError(f"{file} is there already", hint="nothing was written; look at it") from error
    except OSError as error:
        raise HoldfastError(f"{file} cannot be written: {error.strerror}", hint="check its directory") from error
    if json:
        output.document({"system": made.key, "file": str(file), "to_fill_in": made.open})
    else:
        _tell(tried, made, file)
    return ExitCode.DONE


def _explained(made: Draft) -> list[str]:
    from inventory.draft import MARK

    return [f"{MARK} marks what nobody has said yet."] if made.open else []


def _tell(site: Site, made: Draft, file: Path) -> None:
    output.line(f"wrote {file}")
    if made.open:
        output.line(f"to fill in there: {', '.join(made.open)}")
    output.line()
    output.line("Next:")
    output.line(f"  holdfast inventory show {made.key}")
    for name in made.hosts:
        if site.hosts[name].connection == "ssh":
            output.line(f"  holdfast inventory host trust {name}")
    if made.system.get("data"):
        output.line(f"  holdfast backup run {made.key}")
