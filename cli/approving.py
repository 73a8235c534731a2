"""How a command asks for an approval: the text to sign, the line that signs it, and the signatures that come back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cli.context import Context
    from inventory.approval import Approval, Request, Rule

ApprovalFiles = Annotated[
    list[Path] | None,
    typer.Option("--approval", help="A signature that ssh-keygen wrote (REQUEST.sig); repeat for more people."),
]


def obtain(here: Context, request: Request, rule: Rule, files: Sequence[Path]) -> list[Approval]:
    """Return the approvals of a request, checked; without any, write the text to sign and refuse.

    Raises:
        ApprovalError: none yet (the message tells how to sign), one that does not count, or too few.
    """
    from inventory import approval

    if not files:
        file = write(here, request)
        people = "somebody" if rule.people == 1 else f"{rule.people} people"
        raise approval.ApprovalError(
            f"this takes the approval of {people} ({' or '.join(rule.roles)}); the text to sign is {file}",
            hint=f"{approval.sign_command(file)}   then the same command again with --approval {file}.sig",
        )
    found = verified(here, request, files)
    approval.require(found, rule, here.site.people, here.actor)
    return found


def verified(here: Context, request: Request, files: Sequence[Path]) -> list[Approval]:
    """Return the approvals that signature files hold, each checked against a request.

    Raises:
        ApprovalError: one that does not count.
    """
    from inventory import approval

    now = here.clock.now()
    return [approval.verify(request, file, here.site.people, here.today, now) for file in files]


def write(here: Context, request: Request, folder: Path | None = None) -> Path:
    """Write the text to sign into a folder (without one, the state directory's own) and return its file.

    Raises:
        HoldfastError: it cannot be written.
    """
    from inventory.errors import HoldfastError

    file = (folder or here.state / "approvals") / request.file_name
    try:
        file.parent.mkdir(exist_ok=True, mode=0o700)
        file.write_bytes(request.text())
    except OSError as error:
        raise HoldfastError(f"{file} cannot be written: {error.strerror}", hint="make room, then try again") from error
    return file
