"""`holdfast init`: a first site."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from cli import output
from inventory.errors import ExitCode


def init(
    directory: Annotated[Path, typer.Argument(help="The site to make; must be new or empty.")],
    name: Annotated[str, typer.Option("--name", help="How people call the site.")] = "",
) -> ExitCode:
    """Make a small site to start from.

    Example: holdfast init site --name "An Giang province"
    """
    from inventory import people, starter

    for file in starter.make(directory, name=name or directory.resolve().name, login=people.current_login()):
        output.line(f"wrote {file}")
    output.line()
    output.line("Next:")
    output.line(f"  mkdir -m 700 {quote(str(directory / 'vault'))}")
    for command in ("inventory validate", "inventory show example", "backup run example", "readiness"):
        output.line(f"  holdfast --site {quote(str(directory))} {command}")
    return ExitCode.DONE
