"""What the registers, people and waivers say that is allowed and still deserves a look. Pure.

Codes: roster_empty, roster_away, training_due, level_differs, regulation_late, finding_open, and those of people
(people_roles, people_keys, people_ended, contacts) and waivers (waiver_ended, waiver_ends).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from inventory import policy
from inventory.lines import Remark
from inventory.people import warnings as people_warnings
from inventory.registers import Registers, Shift

if TYPE_CHECKING:
    from inventory.site import Site

_AHEAD = timedelta(days=7)
_MOST = 5
_DEFAULT_TRAINING = timedelta(days=365)


def of(site: Site, now: datetime) -> Iterator[Remark]:
    """Yield every warning; `now` is local time where the site is, without a zone."""
    today = now.date()
    for code, text in people_warnings(site.people, today):
        yield Remark(code, site.root / "people.yml", 1, "", text)
    yield from site.waivers.remarks(today)
    yield from _roster(site, now)
    yield from _training(site, today)
    yield from _levels(site)
    yield from _regulations(site.registers)
    yield from _findings(site.registers, today)


def gaps(shifts: list[Shift], begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return the times between two moments in which nobody is on duty."""
    found, covered = [], begin
    for shift in sorted(shifts, key=lambda each: each.since):
        if shift.since >= end:
            break
        if shift.since > covered:
            found.append((covered, shift.since))
        covered = max(covered, shift.until)
    return [*found, (covered, end)] if covered < end else found


def _roster(site: Site, now: datetime) -> Iterator[Remark]:
    document = site.registers.documents.get("roster")
    if document is None:
        return
    empty = gaps(list(site.registers.shifts), now, now + _AHEAD)
    for begin, end in empty[:_MOST]:
        text = f"nobody is on duty from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
        yield document.remark("roster_empty", ("shifts",), text)
    if len(empty) > _MOST:
        text = f"nobody is on duty at {len(empty) - _MOST} more times this week"
        yield document.remark("roster_empty", ("shifts",), text)
    for index, shift in enumerate(site.registers.shifts):
        person = site.people.find(shift.login)
        last = max(shift.since.date(), shift.until.date() - timedelta(days=shift.until.hour == shift.until.minute == 0))
        if shift.until > now and person is not None and (why := person.why_not_acting(last)):
            text = f"the shift from {shift.since:%Y-%m-%d %H:%M}: {why}"
            yield document.remark("roster_away", ("shifts", index, "login"), text)


def _training(site: Site, today: date) -> Iterator[Remark]:
    document = site.registers.documents.get("training")
    if document is None:
        return
    asked = policy.load(site.settings.policies).limits.get("training_every", {}).get(1)
    every = asked.duration if asked is not None else _DEFAULT_TRAINING
    newest: dict[str, date] = {}
    for training in site.registers.trainings:
        for login in training.logins:
            newest[login] = max(training.day, newest.get(login, training.day))
    for person in site.people.people:
        last = newest.get(person.login)
        if person.why_not_acting(today) or (last is not None and today - last <= every):
            continue
        text = f"{person.name} was " + (f"last trained on {last}" if last else "never trained")
        yield document.remark("training_due", ("trainings",), f"{text}; every {every.days} days is asked")


def _levels(site: Site) -> Iterator[Remark]:
    document = site.registers.documents.get("level_decisions")
    if document is None:
        return
    newest = {each.system: (index, each) for index, each in enumerate(site.registers.decisions)}
    for system, (index, decided) in newest.items():
        if (level := site.systems[system].level) != decided.level:
            text = f"{decided.number} puts {system} at level {decided.level}, the inventory says {level}"
            yield document.remark("level_differs", ("decisions", index, "level"), text)


def _regulations(registers: Registers) -> Iterator[Remark]:
    document = registers.documents.get("regulations")
    for index, each in enumerate(registers.regulations if document is not None else ()):
        assert document is not None
        if each.approved is not None and each.issued > each.approved:
            text = f"{each.title} was issued on {each.issued}, after its approval on {each.approved}"
            yield document.remark("regulation_late", ("regulations", index, "issued"), text)


def _findings(registers: Registers, today: date) -> Iterator[Remark]:
    document = registers.documents.get("inspections")
    for index, each in enumerate(registers.inspections if document is not None else ()):
        assert document is not None
        if each.mend_by is not None and each.mended is None and today > each.mend_by:
            text = f"what {each.by} found on {each.day} was to be mended by {each.mend_by}: {each.found or 'see there'}"
            yield document.remark("finding_open", ("inspections", index, "mend_by"), text)
