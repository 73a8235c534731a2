"""What readiness is held against: the site in outline, what its policies ask, and the runbooks there are.

All of it follows from files alone. So it can be kept and read back (`inventory.kept`) without the models that check
those files; whoever only wants to know how things stand does not wait for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from inventory import outline, policy
from inventory.errors import HoldfastError
from inventory.outline import SiteFacts
from inventory.policy import CalendarRule, ClockRule, Limit, Policy

if TYPE_CHECKING:
    from inventory.site import Site


@dataclass(frozen=True)
class RunbookFacts:
    """A valid runbook: the digest of its content, and what it was proved on."""

    digest: str
    proved_on: tuple[str, ...]


@dataclass(frozen=True)
class Yardstick:
    """`runbooks` are the valid ones by name; `problem` says why none could be read (empty: they could)."""

    site: SiteFacts
    rules: Policy
    runbooks: Mapping[str, RunbookFacts]
    problem: str = ""


def of(site: Site) -> Yardstick:
    """Read everything anew."""
    from incident import runbook

    rules = policy.load(site.policies)
    try:
        book = runbook.load(site.root).runbooks
    except HoldfastError as error:
        return Yardstick(site, rules, {}, error.message.replace("\n", " "))
    found = {name: RunbookFacts(each.digest(), tuple(each.proved_on)) for name, each in book.items()}
    return Yardstick(site, rules, found)


def as_json(site: Site, found: Yardstick) -> dict[str, Any]:
    """Return what was read of a site as plain JSON that `from_json` reads back."""
    return {
        "site": outline.of(site).as_json(),
        "rules": _plain(asdict(found.rules)),
        "runbooks": {name: [each.digest, list(each.proved_on)] for name, each in found.runbooks.items()},
        "problem": found.problem,
    }


def from_json(content: Mapping[str, Any]) -> Yardstick:
    """Read what `as_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is something else.
    """
    runbooks = {name: RunbookFacts(digest, tuple(proved)) for name, (digest, proved) in content["runbooks"].items()}
    return Yardstick(outline.from_json(content["site"]), _rules(_read(content["rules"])), runbooks, content["problem"])


def _rules(fields: Mapping[str, Any]) -> Policy:
    limits = fields["limits"].items()
    return Policy(
        names=fields["names"],
        clocks=tuple(ClockRule(**each) for each in fields["clocks"]),
        limits={name: {int(level): Limit(**each) for level, each in levels.items()} for name, levels in limits},
        titles=fields["titles"],
        calendar=tuple(CalendarRule(**each) for each in fields["calendar"]),
    )


def _plain(value: Any) -> Any:
    match value:
        case timedelta():
            return {"seconds": value.total_seconds()}
        case date():
            return {"day": value.isoformat()}
        case dict():
            return {str(key): _plain(each) for key, each in value.items()}
        case tuple() | list():
            return [_plain(each) for each in value]
        case _:
            return value


def _read(value: Any) -> Any:
    match value:
        case {"seconds": seconds, **rest} if not rest:
            return timedelta(seconds=seconds)
        case {"day": day, **rest} if not rest:
            return date.fromisoformat(day)
        case dict():
            return {key: _read(each) for key, each in value.items()}
        case list():
            return tuple(_read(each) for each in value)
        case _:
            return value
