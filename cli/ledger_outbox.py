"""`holdfast ledger outbox`: messages that wait to be sent, were sent, or were given up."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cli import output
from cli.context import JsonOption, current
from inventory.errors import ExitCode

outbox = typer.Typer(name="outbox", no_args_is_help=True, help="Messages that wait, were sent, or were given up.")


class MessageState(StrEnum):
    """How far a message is."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


@outbox.command("list")
def show(
    context: typer.Context,
    state: Annotated[list[MessageState] | None, typer.Option("--state", help="Only these (repeatable).")] = None,
    json: JsonOption = False,
) -> ExitCode:
    """List messages, the longest due first; ends with 1 if one was given up.

    Example: holdfast ledger outbox list --state dead
    """
    from ledger import outbox as messages

    found = messages.listed(current(context).ledger, [str(each) for each in state or ()])
    dead = any(message.state == messages.GIVEN_UP for message in found)
    if json:
        output.document([message.to_json() for message in found])
        return ExitCode.FINDINGS if dead else ExitCode.DONE
    rows = [
        [each.state, each.key, each.channel, str(each.attempts), f"{each.due:%Y-%m-%d %H:%M}Z", each.problem or "-"]
        for each in found
    ]
    output.table(["state", "key", "channel", "attempts", "due", "problem"], rows, right=[3])
    return ExitCode.FINDINGS if dead else ExitCode.DONE


@outbox.command()
def retry(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="The key of a message that was given up.")],
) -> ExitCode:
    """Let a message that was given up be sent anew; `holdfast watch` sends it.

    Example: holdfast ledger outbox retry "inc-20260131-01 opened mail"
    """
    from ledger import outbox as messages

    here = current(context)
    here.actor.may("operator", "security", "responder", "head")
    message = messages.again(here.ledger, key)
    output.line(f"message {message.key} will be sent anew over {message.channel}")
    return ExitCode.DONE
