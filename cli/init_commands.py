"""`holdfast init`: a first site."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from cli import output
from inventory.errors import ExitCode

_STARTER = ("inventory validate", "inventory show example", "backup run example", "readiness")
_SAMPLE = ("inventory validate", "inventory list", "inventory graph", "inventory show apis", "readiness apis", "today")


def init(
    directory: Annotated[Path, typer.Argument(help="The site to make; must be new or empty.")],
    name: Annotated[str, typer.Option("--name", help="How people call the site.")] = "",
    sample: Annotated[bool, typer.Option("--sample", help="A whole invented province, to try things on.")] = False,
) -> ExitCode:
    """Make a site to start from: a small one, or the sample province. Nothing that exists is overwritten.

    Example: holdfast init site --name "An Giang province"
    """
    from inventory import people, starter

    called = name or ("Sample province" if sample else directory.resolve().name)
    written = starter.make(directory, name=called, login=people.current_login(), kind="sample" if sample else "starter")
    if sample:
        output.line(f"wrote the sample province into {directory}: {len(written)} files, every name and number invented")
    else:
        for file in written:
            output.line(f"wrote {file}")
    _next(directory, _SAMPLE if sample else _STARTER)
    return ExitCode.DONE


def _next(directory: Path, commands: tuple[str, ...]) -> None:
    output.line()
    output.line("Next:")
    output.line(f"  mkdir -m 700 {quote(str(directory / 'vault'))}")
    for command in commands:
        output.line(f"  holdfast --site {quote(str(directory))} {command}")
