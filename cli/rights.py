"""Who may run which command line on a control host, read from the commands themselves; and Holdfast keeping to it.

Fails closed: an option or argument that names a file is nobody's unless it is listed here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typer

    from inventory.rights import Right

NOBODY = ("init", "demo", "setup", "uninstall", "watch install", "watch remove")
"""Commands that nobody runs as the system user: they are root's, or need no control host."""

_READ = {"ledger verify": ("--against", "--key")}
_READ_BY_ALL = ("--approval",)
"""Options that name a file which is only read, and of which nothing is told but whether it fits."""

_WRITTEN = dict.fromkeys(
    ("backup restore", "ledger checkpoint", "ledger export", "recover requests", "report incident"), ("--to",)
)
"""Options that name a place which is written to; the place is looked at before."""

_FOREIGN = ("--rules", "--events")
"""Options that lead to foreign files although they are plain words to the parser."""


def rights(root: Any, arguments: Sequence[str] | None = None) -> list[Right]:
    """Return every command line that some role may run; `root` is the whole command line as the parser keeps it.

    With `arguments` only those are read that this command line could be.
    """
    from cli.powers import roles_asked
    from inventory.people import ROLES
    from inventory.rights import Right

    found = [Right("", ROLES, ("--version",), values=False)]
    for words, command in _commands(root, ()):
        path = words.split()
        if path[0] in NOBODY or words in NOBODY or _takes_a_file(command):
            continue
        if arguments is not None and arguments[: len(path)] != path:
            continue
        places = _WRITTEN.get(words, ())
        options = tuple(_options(words, command))
        roles, values = roles_asked(command.callback) or ROLES, not hasattr(command, "commands")
        found.append(Right(words, roles, options, places, values and _takes_values(command)))
    return found


def permit(context: typer.Context, arguments: Sequence[str]) -> None:
    """On a control host, let a command line pass only if a role of its caller allows it; elsewhere do nothing.

    Raises:
        RefusedError: it may not be run this way.
    """
    from inventory import login, served

    found = served.installation()
    if not served.is_service(found):
        return
    assert found is not None
    served.forget_callers_settings(os.environ)
    context.obj.serve(found.site)
    if login.current() != found.user:
        served.permit(context.obj.actor, arguments, found, rights(context.find_root().command, list(arguments)))


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", {})
    for name, each in below.items():
        yield from _commands(each, (*path, name))
    if path and (not below or getattr(command, "invoke_without_command", False)):
        yield " ".join(path), command


def _options(words: str, command: Any) -> Iterator[str]:
    allowed = (*_READ.get(words, ()), *_READ_BY_ALL, *_WRITTEN.get(words, ()))
    for parameter in command.params:
        for option in (*parameter.opts, *parameter.secondary_opts):
            if option in allowed or (option.startswith("--") and option not in _FOREIGN and not _is_file(parameter)):
                yield option


def _takes_values(command: Any) -> bool:
    return any(each.param_type_name == "argument" or not each.is_flag for each in command.params)


def _takes_a_file(command: Any) -> bool:
    return any(parameter.param_type_name == "argument" and _is_file(parameter) for parameter in command.params)


def _is_file(parameter: Any) -> bool:
    return "Path" in str(parameter.type_descriptor.annotation)
