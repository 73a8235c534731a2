"""One incident as a responder wants to see it: clocks, systems, decisions, the next command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from incident import clocks, guide, measure
from incident.clocks import IncidentClock, OpenQuestion
from incident.guide import Next
from incident.incident import Decision, Incident, find
from incident.measure import Recovered
from inventory import clock, duration, policy
from inventory.outline import SiteFacts
from inventory.policy import ClockRule
from ledger.ledger import Ledger

if TYPE_CHECKING:
    from incident.runs import Run


@dataclass(frozen=True)
class IncidentView:
    """What the incident page and `incident show` tell; `systems` are (key, state, words).

    `unverified` says that a clock rests on a number that was not read in an official text.
    """

    incident: Incident
    clocks: Sequence[IncidentClock]
    questions: Sequence[OpenQuestion]
    systems: Sequence[tuple[str, str, str]]
    decisions: Sequence[tuple[str, str]]
    recovered: Sequence[Recovered]
    run: Run | None
    next: Next
    unverified: bool

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        return {
            "incident": self.incident.id,
            "open": self.incident.open,
            "title": self.incident.title,
            "detected_at": clock.to_text(self.incident.detected_at),
            "clocks": [_clock(each) for each in self.clocks],
            "questions": [_question(each) for each in self.questions],
            "systems": [
                {
                    "key": each.key,
                    "normal": each.recovered_seconds is not None,
                    "target_seconds": each.target_seconds,
                    "recovered_seconds": each.recovered_seconds,
                    "data_loss_seconds": each.data_loss_seconds,
                }
                for each in self.recovered
            ],
            "police": _what(self.incident.police),
            "classified": _what(self.incident.classified),
            "personal_data": _what(self.incident.personal_data),
            "national_security": _what(self.incident.national_security),
            "notices": {key: sent.what for key, sent in self.incident.notices.items()},
            "run": self.run.id if self.run else None,
            "next": {"command": self.next.command, "why": self.next.why},
        }


def view(
    ledger: Ledger, site: SiteFacts, incident_id: str | None, now: datetime, rules: Sequence[ClockRule] | None = None
) -> IncidentView:
    """Return one incident's view as of now; `rules` are the site's clocks, if the caller has them at hand.

    Raises:
        UsageError: no such incident, or it is not clear which.
    """
    incident = find(ledger, incident_id)
    last = newest_run(ledger, incident)
    rules = policy.load(site.policies).clocks if rules is None else rules
    recovered = measure.recovered(incident, site.systems, last)
    running = clocks.clocks(incident, rules, site.systems, now)
    questions = clocks.open_questions(incident, rules)
    return IncidentView(
        incident=incident,
        clocks=running,
        questions=questions,
        systems=[_system(each, last) for each in recovered],
        decisions=list(_decisions(incident)),
        recovered=recovered,
        run=last,
        next=guide.next_command(incident, last, questions, clocks.owed(running)),
        unverified=any(not rule.verified and clocks.applies(incident, rule) is not False for rule in rules),
    )


def following(
    ledger: Ledger, site: SiteFacts, incident: Incident, now: datetime, rules: Sequence[ClockRule] | None = None
) -> Next:
    """Return the incident's next command; `rules` are the site's clocks, if the caller has them at hand."""
    rules = policy.load(site.policies).clocks if rules is None else rules
    owed = clocks.owed(clocks.clocks(incident, rules, site.systems, now))
    questions = clocks.open_questions(incident, rules)
    return guide.next_command(incident, newest_run(ledger, incident), questions, owed)


def newest_run(ledger: Ledger, incident: Incident) -> Run | None:
    """Return the incident's newest recovery run, if any was started."""
    if not incident.runs:
        return None
    from incident import runs  # reading a plan back needs much that most commands do not

    return runs.find(ledger, incident.runs[-1])


def _system(each: Recovered, last: Run | None) -> tuple[str, str, str]:
    if each.recovered_seconds is not None:
        return each.key, "normal", f"its own tests passed after {duration.show(each.recovered_seconds)}"
    if last is not None:
        for step in last.plan.steps:
            state = last.state(step.key)
            if step.system == each.key and state.status in {"failed", "waiting", "begun"}:
                return each.key, state.status, f"{step.step.id}: {state.found or state.ask or 'begun'}"
    return each.key, "down", "its own tests have not passed since"


def _decisions(incident: Incident) -> list[tuple[str, str]]:
    named: list[tuple[str, Decision | None]] = [
        ("acknowledged", incident.acknowledged),
        ("classified", incident.classified),
        ("police", incident.police),
        ("closed", incident.closed),
    ]
    said: list[tuple[str, Decision | None]] = [
        ("national security, public order or severe disruption", incident.national_security),
        ("personal data believed affected", incident.personal_data),
        *((key.replace("_", " "), sent) for key, sent in incident.notices.items()),
    ]
    named[2:2] = [(title, decision) for title, decision in said[:2] if decision is not None]
    named[-1:-1] = said[2:]
    return [(title, _words(decision) if decision else "not yet") for title, decision in named]


def _words(decision: Decision) -> str:
    why = ", ".join(part for part in (decision.receipt, decision.reason) if part)
    return f"{decision.what or 'yes'} by {decision.by} at {decision.at:%H:%M:%S} UTC" + (f" ({why})" if why else "")


def _what(decision: Decision | None) -> str | None:
    return None if decision is None else decision.what


def _question(each: OpenQuestion) -> dict[str, Any]:
    waiting = [{"clock": title, "due": None if due is None else clock.to_text(due)} for title, due in each.clocks]
    return {"about": each.about, "question": each.question, "command": each.command, "clocks": waiting}


def _clock(each: IncidentClock) -> dict[str, Any]:
    return {
        "key": each.key,
        "system": each.system,
        "state": each.state,
        "due": clock.to_text(each.due),
        "used_seconds": each.used.total_seconds(),
        "left_seconds": each.left.total_seconds(),
        "warning": each.warning,
        "at_once": each.remind_every is not None,
        "reminders": each.reminders,
    }
