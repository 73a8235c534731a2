"""`holdfast approval`: read what is to be approved, and check what was signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.context import JsonOption, current
from inventory.errors import ExitCode

if TYPE_CHECKING:
    from inventory.approval import Request

approval = typer.Typer(
    name="approval",
    no_args_is_help=True,
    help="Approvals: a person's SSH signature over exactly what is to be done.",
    epilog="Example: holdfast approval check recover-inc-20260131-01-r1-edoc-clean-target-1a2b3c4d.approval.sig",
)


@approval.command("show")
def show(
    request: Annotated[Path, typer.Argument(help="The text to sign.")],
    json: JsonOption = False,
) -> ExitCode:
    """Show what a text asks to approve, and the line that signs it. Needs no site; so does signing.

    Example: holdfast approval show recover-inc-20260131-01-r1-edoc-clean-target-1a2b3c4d.approval
    """
    from inventory import approval as approvals

    found, sign = approvals.read_file(request), approvals.sign_command(request)
    if json:
        output.document(_as_json(found) | {"sign": sign})
        return ExitCode.DONE
    _tell(found)
    output.line()
    output.line(f"to approve it: {sign}")
    return ExitCode.DONE


@approval.command("check")
def check(
    context: typer.Context,
    signature: Annotated[Path, typer.Argument(help="What ssh-keygen wrote: REQUEST.sig.")],
    request: Annotated[
        Path | None, typer.Option("--request", help="The text that was signed; else the file beside it.")
    ] = None,
    json: JsonOption = False,
) -> ExitCode:
    """Say what a signature approves, who made it, and whether it counts today; refused with the reason if not.

    Example: holdfast approval check recover-inc-20260131-01-r1-edoc-clean-target-1a2b3c4d.approval.sig
    """
    from inventory import approval as approvals

    here = current(context)
    asked = approvals.read_file(request or signature.with_suffix(""))
    found = approvals.verify(asked, signature, here.site.people, here.today, here.clock.now())
    ours = asked.site == here.site.settings.site
    if json:
        names = ("person", "login", "fingerprint")
        output.document({**{name: getattr(found, name) for name in names}, "this_site": ours, **_as_json(asked)})
        return ExitCode.DONE if ours else ExitCode.FINDINGS
    _tell(asked)
    output.line(f"signed by {found.person} ({found.login}), {found.fingerprint}")
    if not ours:
        output.line(f"NOT for this site: this is {here.site.settings.site}")
    return ExitCode.DONE if ours else ExitCode.FINDINGS


def _as_json(request: Request) -> dict[str, str]:
    return {name: getattr(request, name) for name in ("site", "action", "plan", "what")}


def _tell(request: Request) -> None:
    for name, value in _as_json(request).items():
        output.line(f"{name + ':':<8} {value}")
