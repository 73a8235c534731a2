"""`holdfast whoami`: who you are to Holdfast, and what you may do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import typer

from cli import output
from cli.context import JsonOption, current
from inventory.errors import ExitCode

if TYPE_CHECKING:
    from inventory.people import Actor


def whoami(context: typer.Context, json: JsonOption = False) -> ExitCode:
    """Show your login, the person it belongs to, your roles, your keys, and what you may do.

    Example: holdfast whoami
    """
    from cli.powers import powers

    actor = current(context).actor
    asked = powers(context.find_root().command)
    found = _as_json(actor, sorted(words for words, roles in asked.items() if set(roles) & set(actor.roles)))
    if json:
        output.document(found)
    else:
        _tell(actor, found)
    return ExitCode.DONE


def _as_json(actor: Actor, commands: list[str]) -> dict[str, Any]:
    from cli.signing_keys import at_hand

    person = actor.person
    return {
        "login": actor.login,
        "person": person.name if person else None,
        "roles": list(actor.roles),
        "why_not": actor.why_not,
        "until": person.until.isoformat() if person and person.until else None,
        "deputy": person.deputy or None if person else None,
        "keys": [key.fingerprint for key in person.public_keys] if person else [],
        "can_sign_with": at_hand(person, os.environ) if person else [],
        "commands": commands,
    }


def _tell(actor: Actor, found: dict[str, Any]) -> None:
    if actor.person is None:
        output.line(f"{actor.login} is not in people.yml: you may read everything and change nothing")
        output.line("to be added: have the site's keeper add these lines to people.yml, with the roles you need:")
        output.line(f"  - name: YOUR NAME\n    login: {actor.login}\n    roles: [viewer]\n    key: ssh-ed25519 AAAA…")
        return
    until = f", until {found['until']}" if found["until"] else ""
    output.line(f"{actor.login} is {found['person']}{until}; deputy: {found['deputy'] or 'nobody'}")
    output.line(f"roles: {', '.join(found['roles']) or 'none: ' + actor.why_not}")
    output.line(f"keys: {', '.join(found['keys']) or 'none; approvals cannot be signed (add `key:` in people.yml)'}")
    if found["keys"]:
        output.line(f"to sign with, here: {', '.join(found['can_sign_with']) or 'nothing seen; any machine will do'}")
    output.line("may, besides reading:")
    groups: dict[str, list[str]] = {}
    for words in found["commands"]:
        group, _, rest = words.partition(" ")
        groups.setdefault(group, []).append(rest)
    for group, rest in groups.items():
        output.line(f"  {group} {', '.join(rest)}".rstrip())
    if not groups:
        output.line("  nothing")
