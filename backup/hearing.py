"""What is heard of restic while it runs and after it ended: progress for people, complaints for the report. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from backup import complaints, messages
from inventory import reach

_SHARE = re.compile(r"([0-9.]+)%")

OnProgress = Callable[[str, float | None], None]
"""Told what is being done, and which share of it is done (0..1, None: unknown)."""


def silent(_text: str, _share: float | None) -> None:
    """Show nothing."""


def whole_lines(outcome: reach.Outcome) -> list[str]:
    """Return the lines that were kept of both outputs, without one whose beginning was not."""
    kept = [outcome.stdout.splitlines(), outcome.stderr.splitlines()]
    return [line for lines in kept for at, line in enumerate(lines) if at or line.startswith("{") or len(lines) == 1]


def problems(heard: Sequence[messages.Message]) -> list[str]:
    """Return what restic complained of, as text."""
    found: list[str] = []
    for message in heard:
        match message:
            case messages.ItemProblem(item, text):
                found.append(f"{item}: {text}" if item else text)
            case messages.Text(text) if complaints.looks_bad(text):
                found.append(text)
            case messages.Fatal(_, text):
                found.append(text)
            case _:
                pass
    return [text for text in found if text.strip()]


def text_progress(progress: OnProgress, spoken: list[str]) -> reach.LineHandler:
    """Return what takes restic's words for people: each is kept in `spoken`, a percentage is told as progress."""

    def listen(line: str) -> None:
        spoken.append(line)
        if share := _SHARE.search(line):
            progress(line.partition("]")[2].strip() or line.strip(), min(1.0, float(share.group(1)) / 100))

    return listen
