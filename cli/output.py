"""The only place that prints. Data goes to stdout; progress, notes and errors to stderr."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from inventory.errors import HoldfastError

if TYPE_CHECKING:
    from rich.console import Console

_LONGEST_READ = 50_000
"""Characters of a JSON document that somebody may still want to read as it is; indenting longer ones takes its time."""

_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of what rules a terminal, turns text round, or is not seen at all (joiners of emoji too)."""
_BLANK = frozenset("\u034f\u115f\u1160\u3164\uffa0")
"""Letters and marks by category that are seen as nothing."""


class _Escapes(dict[int, int | str]):
    """What each character is written as, found out when it is first met."""

    def __init__(self, escape: Callable[[str], str], kept: str) -> None:
        super().__init__({ord(sign): ord(sign) for sign in kept})
        self._escape = escape

    def __missing__(self, code: int) -> int | str:
        sign = chr(code)
        hidden = unicodedata.category(sign) in _HIDDEN or sign in _BLANK
        self[code] = self._escape(sign) if hidden else code
        return self[code]


def _escape(sign: str) -> str:
    code = ord(sign)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


_SHOWN = _Escapes(_escape, "\t\n")
_JSON = _Escapes(lambda sign: json.dumps(sign)[1:-1], "\n")  # the line ends of an indented document stay


def clean(text: str) -> str:
    """Make text from logs, hosts and files harmless for a terminal.

    Control characters, and those that turn text round or are not seen, become visible escapes.
    """
    return text.translate(_SHOWN)


def line(text: str = "") -> None:
    """Print one line of data."""
    sys.stdout.write(clean(text) + "\n")


def note(text: str) -> None:
    """Say something that is not data (stderr)."""
    sys.stderr.write(clean(text) + "\n")


def document(value: Any) -> None:
    """Print one JSON document: indented for people as long as people could read it, else on one line."""
    text = _json(value)
    sys.stdout.write((text if len(text) > _LONGEST_READ else _json(value, indent=2)) + "\n")


def json_line(value: Any) -> None:
    """Print one JSON object on one line."""
    sys.stdout.write(_json(value) + "\n")


def _json(value: Any, indent: int | None = None) -> str:
    """Write JSON; what `clean` would show as an escape is written as one of JSON's, the same value when read."""
    return json.dumps(value, indent=indent, ensure_ascii=False).translate(_JSON)


def error(failure: HoldfastError) -> None:
    """Print what went wrong and the next step (stderr)."""
    note(f"error: {failure.message}")
    if failure.hint:
        note(f"hint: {failure.hint}")


def usage(failure: Exception) -> None:
    """Print a usage error the way the option parser words it (stderr)."""
    show = getattr(failure, "show", None)
    if isinstance(message := getattr(failure, "message", None), str):
        vars(failure)["message"] = clean(message.removeprefix("Value error, "))
    if show is None:
        note(f"error: {failure}")
    else:
        show()


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
    """Print rows in columns; `right` are the indices of columns aligned to the right.

    On a terminal colours may help; the words alone always say it.
    """
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for index, heading in enumerate(headings):
        shown.add_column(heading, justify="right" if index in right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(_coloured(cell) for cell in row))
    _console().print(shown)


_COLOURS: Mapping[str, str] = {
    "green": "green",
    "pass": "green",
    "complete": "green",
    "restored": "green",
    "amber": "yellow",
    "waived": "yellow",
    "incomplete": "yellow",
    "medium": "yellow",
    "red": "bold red",
    "fail": "bold red",
    "failed": "bold red",
    "error": "bold red",
    "high": "red",
    "critical": "bold red",
    "unknown": "magenta",
}


def _coloured(cell: str) -> Any:
    from rich.text import Text

    return Text(clean(cell), style=_COLOURS.get(cell, ""))


def _console() -> Console:
    from rich.console import Console

    width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS") or 160)
    return Console(width=width, soft_wrap=False, highlight=False)


class Progress:
    """A line of live progress on stderr; silent when nobody watches."""

    def __init__(self, update: Any = None) -> None:
        self._update = update

    def show(self, text: str, share: float | None = None) -> None:
        """Say what is being done, and which share of it (0..1) if known."""
        if self._update is not None:
            self._update(clean(text), share)


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Show progress while the block runs, on a terminal only."""
    if not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def update(text: str, share: float | None) -> None:
            bar.update(task, description=text, total=None if share is None else 1.0, completed=share or 0.0)

        yield Progress(update)


def flush() -> None:
    """Let a reader see at once what was printed."""
    sys.stdout.flush()


def wait(prompt: str) -> None:
    """Wait for Enter."""
    sys.stderr.write(clean(prompt))
    sys.stderr.flush()
    sys.stdin.readline()


def watched() -> bool:
    """Tell whether somebody sits at a terminal and can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> str:
    """Ask on the terminal; without one the answer is empty."""
    if not watched():
        return ""
    sys.stderr.write(clean(question) + " ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def secret(prompt: str) -> str:
    """Ask for a password without showing it; without a terminal it is the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    import getpass

    return getpass.getpass(clean(prompt))


def confirm(question: str) -> bool:
    """Ask on the terminal; without one the answer is no."""
    return ask(f"{question} [y/N]").lower() in {"y", "yes"}
