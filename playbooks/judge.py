"""Facts and controls in, verdicts out. Pure; a fact that is missing or could not be read never passes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, assert_never

from playbooks.controls import Check, Control, Operator

Word = Literal["pass", "fail", "not_applicable", "unknown", "waived"]


@dataclass(frozen=True)
class Verdict:
    """What one control says about one host: `found` and `expected` are for people to read.

    A failing control that is waived says `waived`; `waiver` is then the waiver in words, and `raw` still says fail.
    """

    control: str
    verdict: Word
    severity: str
    found: str
    expected: str
    waiver: str = ""

    @property
    def raw(self) -> Word:
        """Return the verdict before waivers."""
        return "fail" if self.verdict == "waived" else self.verdict

    def document(self) -> dict[str, str]:
        """Return what `harden scan --json` prints; `raw` and `waiver` are there for a waived one only."""
        found = asdict(self)
        return found | {"raw": self.raw} if self.waiver else {k: v for k, v in found.items() if k != "waiver"}


def waive(verdicts: Iterable[Verdict], waivers: Mapping[str, str]) -> list[Verdict]:
    """Return verdicts with the failing ones that are waived called so; `waivers` are their words by control.

    Only what fails can be waived: what nobody could read stays unknown.
    """
    return [
        replace(each, verdict="waived", waiver=waivers[each.control])
        if each.verdict == "fail" and each.control in waivers
        else each
        for each in verdicts
    ]


def judge(facts: Mapping[str, Any], controls: Iterable[Control], level: int) -> list[Verdict]:
    """Return one verdict per control for a host of `level` (1..5)."""
    return [_one(facts, control, level) for control in controls]


def _one(facts: Mapping[str, Any], control: Control, level: int) -> Verdict:
    expected = expectation(control.check)
    if level not in control.levels:
        return Verdict(control.id, "not_applicable", control.severity, f"not asked for at level {level}", expected)
    word, found = _answer(facts, control.check)
    return Verdict(control.id, word, control.severity, found, expected)


def _answer(facts: Any, check: Check) -> tuple[Word, str]:
    value: Any = facts
    for step in check.fact:
        if (marked := _mark(value, check)) is not None:
            return marked
        if not isinstance(value, Mapping) or step not in value:
            return "unknown", "the host did not say"
        value = value[step]
    if (marked := _mark(value, check)) is not None:
        return marked
    held = _holds(check, value)
    if held is None:
        return "unknown", f"not of the expected kind: {_show(value)}"
    return ("pass" if held else "fail"), _found(check, value)


def _mark(value: Any, check: Check) -> tuple[Word, str] | None:
    """Read the collector's marks, which stand in place of a value it does not have."""
    if not isinstance(value, Mapping):
        return None
    if "unknown" in value:
        return "unknown", str(value["unknown"])
    if "not_applicable" in value:
        return "not_applicable", str(value["not_applicable"])
    if "absent" in value:
        return check.if_absent, str(value["absent"])
    return None


def _holds(check: Check, value: Any) -> bool | None:
    """Tell whether a value is as asked for; None when it is not even of the right kind."""
    asked = check.value
    match check.op:
        case "equals":
            return value == asked if type(value) is type(asked) else None
        case "one_of":
            return value in asked if isinstance(value, (str, int)) else None
        case "matches":
            return re.fullmatch(asked, value) is not None if isinstance(value, str) else None
        case "mode_at_most":
            return _within_mode(value, asked)
        case "at_most" | "at_least" | "between":
            return _in_range(check, value)
        case "subset_of" | "includes" | "any_of" | "absent":
            return _list_holds(check, value)
        case _:
            assert_never(check.op)


def _in_range(check: Check, value: Any) -> bool | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    match check.op:
        case "at_most":
            return bool(value <= check.value)
        case "at_least":
            return bool(value >= check.value)
        case _:
            least, most = check.value
            return bool(least <= value <= most)


def _list_holds(check: Check, value: Any) -> bool | None:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    match check.op:
        case "subset_of":
            return all(item in check.value for item in value)
        case "includes":
            return all(item in value for item in check.value)
        case "any_of":
            return any(item in value for item in check.value)
        case _:
            return not _unwanted(check, value)


def _unwanted(check: Check, value: Sequence[Any]) -> list[Any]:
    return list(value) if check.value is None else [item for item in value if item in check.value]


def _within_mode(value: Any, most: str) -> bool | None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-7]{4}", value):
        return None
    return int(value, 8) & ~int(most, 8) == 0


def _found(check: Check, value: Any) -> str:
    """Show what was found; of a list only what matters for the question."""
    match check.op:
        case "subset_of":
            return _show([item for item in value if item not in check.value] or value)
        case "absent":
            return _show(_unwanted(check, value))
        case "any_of" | "includes":
            return _show([item for item in value if item in check.value])
        case _:
            return _show(value)


_WORDS: Mapping[Operator, str] = {
    "equals": "{}",
    "one_of": "one of {}",
    "any_of": "one of {}",
    "between": "{0[0]} to {0[1]}",
    "at_most": "at most {}",
    "mode_at_most": "at most {}",
    "at_least": "at least {}",
    "subset_of": "only {}",
    "includes": "all of {}",
    "absent": "none of {}",
    "matches": "text like {}",
}


def expectation(check: Check) -> str:
    """Say in words what a check asks for."""
    if check.op == "between":
        return _WORDS[check.op].format(check.value)
    return "none" if check.value is None else _WORDS[check.op].format(_show(check.value))


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        shown = ", ".join(str(item)[:100] for item in value[:20])
        return (shown + (", …" if len(value) > 20 else "")) or "none"
    return str(value)[:500]
