"""The controls: what a host of a level must look like, why, and how to mend it. Declarative data, checked on load."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from inventory import lines
from inventory.errors import UsageError
from inventory.lines import Problem, SiteError
from inventory.system import Strict

SHIPPED = Path(__file__).parent / "controls"
ROLES = Path(__file__).parent / "content" / "roles"

Severity = Literal["low", "medium", "high", "critical"]
Level = Annotated[int, Field(ge=1, le=5)]
Operator = Literal[
    "equals",
    "one_of",
    "between",
    "at_most",
    "at_least",
    "subset_of",
    "includes",
    "any_of",
    "absent",
    "mode_at_most",
    "matches",
]
_SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
_MODE = re.compile(r"[0-7]{4}")


class Check(Strict):
    """One question about one fact.

    `fact` is a path into what the collector brings back; `if_absent` the verdict where the thing asked about is
    known not to be there. Lists: `subset_of` allows only these, `includes` asks for all of these, `any_of` for at
    least one, `absent` for none of these (without a value: for an empty list). `between` takes [least, most].
    """

    fact: Annotated[list[str], Field(min_length=1)]
    op: Operator
    value: Any = None
    if_absent: Literal["pass", "fail", "not_applicable"] = "not_applicable"

    @model_validator(mode="after")
    def _value_fits(self) -> Check:
        wanted, fits = _WANTED[self.op]
        if not fits(self.value):
            raise ValueError(f"{self.op} needs {wanted} as its value")
        return self


class Mend(Strict):
    """How to mend it: the role that does (with the variable that sets it), or what to do by hand, or first by hand."""

    role: str = ""
    variable: str = ""
    by_hand: str = ""

    @model_validator(mode="after")
    def _says_how(self) -> Mend:
        if not (self.role or self.by_hand):
            raise ValueError("says neither which role mends it nor what to do by hand")
        if self.role and not (ROLES / self.role).is_dir():
            raise ValueError(f"there is no role {self.role!r}")
        return self

    @property
    def automatic(self) -> bool:
        """Tell whether `harden apply` mends it without anybody having to decide first."""
        return bool(self.role) and not self.by_hand

    def __str__(self) -> str:
        return self.by_hand or "holdfast harden apply"


class Control(Strict):
    """One control. `proved_on` names where a test showed it both failing and passing; empty means untested."""

    id: Annotated[str, Field(pattern=r"^HF-[A-Z]{2,5}-\d{3}$")]
    title: str
    why: str
    severity: Severity
    levels: Annotated[list[Level], Field(min_length=1)] = [1, 2, 3, 4, 5]
    mapping: dict[Literal["nist", "cis", "tcvn"], list[str]] = {}
    check: Check
    mend: Mend
    proved_on: list[Literal["directory host", "Debian 12", "Debian 13"]] = []

    def summary(self) -> dict[str, Any]:
        """Return what `harden controls list --json` shows."""
        fields = {"id", "title", "severity", "levels", "mapping", "proved_on"}
        return self.model_dump(include=fields)

    def detail(self) -> dict[str, Any]:
        """Return everything, with the way to mend it in words."""
        return self.model_dump() | {"mend": {**self.mend.model_dump(), "how": str(self.mend)}}


class _File(Strict):
    controls: list[Control]


def weight(severity: str) -> int:
    """Return a severity's weight, 0 (low) to 3 (critical)."""
    return _SEVERITIES.index(severity)


@cache
def shipped() -> Mapping[str, Control]:
    """Return the controls that come with Holdfast, by id, in order."""
    return load(SHIPPED)


def load(directory: Path) -> Mapping[str, Control]:
    """Read every control of a directory.

    Raises:
        SiteError: every fault with file, line and key; an id written twice is one.
    """
    found: dict[str, Control] = {}
    problems: list[Problem] = []
    for file in sorted(directory.glob("*.yml")):
        try:
            document = lines.read(file)
            wrapped = lines.Document(
                file, {"controls": document.data}, {("controls", *at): line for at, line in document.lines.items()}
            )
            rows = lines.validate(wrapped, _File).controls
        except SiteError as error:
            problems += error.problems
            continue
        for index, control in enumerate(rows):
            if control.id in found:
                problems.append(document.problem((index, "id"), f"{control.id} is written twice"))
            found[control.id] = control
    if problems:
        raise SiteError(problems, hint="mend the lines named")
    return found


def chosen(ids: Sequence[str]) -> Mapping[str, Control]:
    """Return the shipped controls, or only the ones named.

    Raises:
        UsageError: a name is not a control's.
    """
    known = shipped()
    for name in ids:
        if name not in known:
            raise UsageError(f"no control {name!r}", hint="holdfast harden controls list")
    return {name: known[name] for name in ids} if ids else known


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


_WANTED: Mapping[Operator, tuple[str, Callable[[Any], bool]]] = {
    "equals": ("a number, a text or true/false", lambda value: isinstance(value, (str, int))),
    "one_of": ("a list", _is_list),
    "between": ("two numbers", lambda value: _is_list(value) and len(value) == 2 and all(map(_is_number, value))),
    "at_most": ("a number", _is_number),
    "at_least": ("a number", _is_number),
    "subset_of": ("a list", _is_list),
    "includes": ("a list", _is_list),
    "any_of": ("a list", _is_list),
    "absent": ("a list, or nothing", lambda value: value is None or _is_list(value)),
    "mode_at_most": (
        "a mode like '0640' in quotes",
        lambda value: isinstance(value, str) and bool(_MODE.fullmatch(value)),
    ),
    "matches": ("a regular expression", lambda value: isinstance(value, str) and _is_pattern(value)),
}
"""What each operator wants as its value, in words and as a test."""
