"""What `ansible-inventory` says when it fails, in words that name the file and the cause."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from inventory.errors import HoldfastError
from inventory.lines import Problem, SiteError
from inventory.sources import EXTENSIONS, Source

_SOURCE = re.compile(r"ailed to parse inventory source (.+?)\s*$", re.MULTILINE)
_REASON = re.compile(r"Failed to parse inventory with '(\w+)' plugin: (.+)")
_ERROR = re.compile(r"^\[?ERROR\]?[:!]*\s*(.+)", re.MULTILINE)


def named(said: str, foreign: Sequence[Source]) -> HoldfastError:
    """Return the error behind what Ansible said on stderr.

    A file Ansible cannot read is a fault of the site (exit 2); a program that failed is not (exit 3).
    """
    failed = _SOURCE.search(said)
    if failed is None:
        error = _ERROR.search(said)
        reason = error[1] if error else (said.strip().splitlines() or ["it said nothing"])[-1]
        return HoldfastError(f"ansible-inventory failed: {_short(reason)}", hint="run: holdfast doctor")
    file = Path(failed[1].strip("'\""))
    is_program = any(source.file == file and source.kind == "dynamic" for source in foreign)
    wanted = "script" if is_program else "yaml" if file.suffix in EXTENSIONS else "ini"
    reasons = dict(_REASON.findall(said))
    reason = _short(reasons.get(wanted) or next(iter(reasons.values()), "no reason given"))
    if is_program:
        help_text = re.search(r"Standard error from inventory script:\s*\n?\s*(.+)", said)
        more = f" It said: {_short(help_text[1])}" if help_text else ""
        return HoldfastError(f"{file} gives no inventory: {reason}{more}", hint=f"try: {quote(str(file))} --list")
    return SiteError([Problem(file, 1, "", f"Ansible cannot read it: {reason}")])


def too_slow(foreign: Sequence[Source], limit: float) -> HoldfastError:
    """Return the error for an answer that did not come in time."""
    programs = [str(source.file) for source in foreign if source.kind == "dynamic"]
    who = ", ".join(programs) or "ansible-inventory"
    hint = f"try: {quote(programs[0])} --list" if programs else "try again when the machine is less busy"
    return HoldfastError(f"{who} gave no inventory within {limit:g} seconds and was ended", hint=hint)


def _short(text: str) -> str:
    return " ".join(text.split())[:500]
