"""A policy pack as it is written: one YAML file of `inventory/policies/`, each number with where it comes from."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, model_validator

from inventory import lines
from inventory.errors import UsageError
from inventory.fields import Duration
from inventory.system import Day, Strict

PACKS = Path(__file__).parent / "policies"

Starts = Literal["report", "detection", "believed_affected", "end_of_response"]
"""What a clock counts from: an alert or report received, detection (the same moment in the ledger), the recorded belief
that personal data is affected, the closing of the incident."""

Applies = Literal["all", "serious", "personal_data", "national_security"]
"""In which incidents a clock runs; `national_security` stands for public order and severe disruption too."""

Source = Annotated[str, Field(min_length=10)]
Level = Annotated[int, Field(ge=1, le=5)]
Share = Annotated[float, Field(gt=0, le=1)]


class ClockText(Strict):
    """A clock; `due` is a duration, `rto` (the system's own target), or `at_once`.

    `warn_at` are shares of the time, or durations from the start; what is due at once has `remind_every` instead.
    """

    title: str
    starts: Starts
    applies: Applies = "all"
    due: Literal["rto", "at_once"] | Duration
    warn_at: list[Share | Duration] = []
    remind_every: Duration | None = None
    source: Source
    verified: bool

    @model_validator(mode="after")
    def _warns_while_there_is_time(self) -> ClockText:
        if (self.due == "at_once") != (self.remind_every is not None):
            raise ValueError("remind_every belongs to what is due at_once, and only there")
        if (self.due == "at_once") == bool(self.warn_at):
            raise ValueError("warn_at belongs to what is not due at once, and is needed there")
        for mark in self.warn_at:
            if isinstance(mark, timedelta) and not (isinstance(self.due, timedelta) and mark <= self.due):
                raise ValueError("a warning after a time needs a `due` that is a time, and must not come after it")
        return self

    def shares(self) -> tuple[float, ...]:
        """Return the warnings as shares of the whole time, ascending."""
        whole = self.due if isinstance(self.due, timedelta) else timedelta.max
        return tuple(sorted({mark / whole if isinstance(mark, timedelta) else mark for mark in self.warn_at}))


class ValueText(Strict):
    """One number, time or yes, for some levels."""

    levels: Annotated[list[Level], Field(min_length=1)]
    value: StrictBool | float | Duration
    source: Source
    verified: bool


class LimitText(Strict):
    """A limit; `stricter` says which of two values asks for more (`yes`: asked for beats not asked for)."""

    title: str
    stricter: Literal["smaller", "larger", "yes"]
    values: Annotated[list[ValueText], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _yes_is_a_word(cls, value: object) -> object:
        """YAML reads a bare yes as true."""
        if isinstance(value, dict) and value.get("stricter") is True:
            return {**value, "stricter": "yes"}
        return value

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> LimitText:
        if any(isinstance(each.value, bool) != (self.stricter == "yes") for each in self.values):
            raise ValueError("`stricter: yes` belongs to values that are yes or no, and only to them")
        return self


def _month_and_day(text: str) -> str:
    date.fromisoformat(f"2024-{text}")
    return text


class CalendarText(Strict):
    """Something due on a day: each year (`every_year: 12-14`, month and day) or once (`day`).

    `warn` are times before it at which it is spoken of.
    """

    title: str
    every_year: Annotated[str, AfterValidator(_month_and_day)] | None = None
    day: Day | None = None
    warn: Annotated[list[Duration], Field(min_length=1)]
    source: Source
    verified: bool

    @model_validator(mode="after")
    def _has_one_day(self) -> CalendarText:
        if (self.every_year is None) == (self.day is None):
            raise ValueError("needs one of `every_year` and `day`")
        return self


class Pack(Strict):
    """One policy pack; `dated` is the day of what it is drawn from."""

    title: str
    dated: Day
    clocks: dict[str, ClockText] = {}
    limits: dict[str, LimitText] = {}
    calendar: dict[str, CalendarText] = {}


def known(directory: Path = PACKS) -> tuple[str, ...]:
    """Return the names of the packs there are."""
    return tuple(sorted(file.stem for file in directory.glob("*.yml")))


def read(name: str, directory: Path = PACKS) -> Pack:
    """Read one pack.

    Raises:
        UsageError: there is none of this name.
        SiteError: it is not valid.
    """
    if name not in known(directory):
        raise UsageError(f"no policy pack {name!r}", hint=f"packs: {', '.join(known(directory))}")
    return lines.validate(lines.read(directory / f"{name}.yml"), Pack)
