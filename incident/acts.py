"""What people do with an incident: each act is one record, refused when it may not be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Literal

from incident.incident import Incident, all_incidents, find
from inventory import clock
from inventory.errors import RefusedError, UsageError
from ledger import alerts as ledger_alerts
from ledger.alerts import Alert
from ledger.ledger import Ledger
from ledger.owner import Lease

Question = Literal["personal_data", "national_security"]
"""What a named person must judge; national security stands for public order and severe disruption too."""


def open_incident(
    ledger: Ledger, title: str, alerts: Sequence[Alert], systems: Sequence[str], failing: Mapping[str, Sequence[str]]
) -> Incident:
    """Open an incident over alerts and systems.

    `failing` says which of the systems' own tests failed when it was opened. Detection time is when the oldest
    alert was recorded; without alerts, now.

    Raises:
        UsageError: nothing is affected, or the title says nothing.
    """
    need_words(title, "an incident", "--title TEXT")
    if not systems:
        raise UsageError(
            "no system is affected: no alert names one and every system's own tests pass",
            hint="name one: holdfast incident open --title TEXT --system KEY",
        )
    raised = [alert.raised_at for alert in alerts if alert.raised_at is not None]
    with _alone(ledger) as lease:
        now = ledger.clock.now()
        incident_id = _new_id(now, {incident.id for incident in all_incidents(ledger)})
        body = {
            "incident": incident_id,
            "title": one_line(title),
            "detected_at": clock.to_text(min(raised, default=now)),
            "systems": list(systems),
            "alerts": [alert.id for alert in alerts],
            "failing": {key: list(values) for key, values in failing.items()},
        }
        ledger.append("incident.opened", body, guard=lease)
    if alerts:
        ledger_alerts.change(
            ledger,
            [alert.id for alert in alerts],
            ledger_alerts.ACKNOWLEDGED,
            incident=incident_id,
            reason="in incident",
        )
    return find(ledger, incident_id)


def acknowledge(ledger: Ledger, incident: Incident) -> None:
    """Record that somebody has taken the incident up; stops the acknowledge clock. Once is enough."""
    require_open(incident)
    if incident.acknowledged is None:
        ledger.append("incident.acknowledged", {"incident": incident.id, "reason": ""})


def classify(ledger: Ledger, incident: Incident, *, serious: bool, reason: str) -> None:
    """Record how a named person classifies the incident, with the reason.

    Raises:
        UsageError: no reason given.
    """
    require_open(incident)
    need_words(reason, "a classification")
    what = "serious" if serious else "ordinary"
    ledger.append("incident.classified", {"incident": incident.id, "what": what, "reason": one_line(reason)})


def judge(ledger: Ledger, incident: Incident, question: Question, *, yes: bool, reason: str) -> None:
    """Record whether a named person believes that personal data, or national security, is touched, with the reason.

    Raises:
        UsageError: no reason given.
    """
    require_open(incident)
    need_words(reason, "this decision")
    body = {"incident": incident.id, "question": question, "what": "yes" if yes else "no", "reason": one_line(reason)}
    ledger.append("incident.judged", body)


def notify_police(ledger: Ledger, incident: Incident, *, told: bool, reason: str, receipt: str) -> None:
    """Record the decision whether the police were told; the gate every incident must pass.

    Raises:
        UsageError: told without whom or receipt, or not required without a reason.
    """
    require_open(incident)
    _notified(ledger, incident, "police", told=told, reason=reason, receipt=receipt)


def notify(ledger: Ledger, incident: Incident, clock_key: str, *, told: bool, reason: str, receipt: str) -> None:
    """Record that a notice or report went out, or need not; some are owed after the incident is closed.

    Raises:
        UsageError: told without whom or receipt, or not required without a reason.
    """
    _notified(ledger, incident, clock_key, told=told, reason=reason, receipt=receipt)


def _notified(ledger: Ledger, incident: Incident, to: str, *, told: bool, reason: str, receipt: str) -> None:
    if told and not receipt.strip():
        raise UsageError("who was told, and when? A receipt is needed", hint="--receipt 'name, time, channel'")
    if not told:
        need_words(reason, f"deciding that {to.replace('_', ' ')} need not be told")
    what = "told" if told else "not_required"
    body = {
        "incident": incident.id,
        "to": to,
        "what": what,
        "reason": one_line(reason),
        "receipt": one_line(receipt),
    }
    ledger.append("incident.notified", body)


def add_note(ledger: Ledger, incident: Incident, text: str) -> None:
    """Add a note to the incident's timeline."""
    need_words(text, "a note", "holdfast incident note TEXT")
    ledger.append("incident.noted", {"incident": incident.id, "what": "note", "reason": one_line(text)})


def affect(ledger: Ledger, incident: Incident, systems: Sequence[str], alerts: Sequence[Alert] = ()) -> None:
    """Add systems, and alerts with the systems they name, to an incident; a system named again is down again."""
    require_open(incident)
    named = [alert.system for alert in alerts if alert.system is not None]
    wanted = list(dict.fromkeys([*systems, *named]))
    if wanted:
        ledger.append("incident.affected", {"incident": incident.id, "systems": wanted})
    if alerts:
        ids = [alert.id for alert in alerts]
        ledger_alerts.change(ledger, ids, ledger_alerts.ACKNOWLEDGED, incident=incident.id, reason="in incident")


def require_closable(incident: Incident, reason: str) -> None:
    """Refuse to close an incident while a system is down or the police decision is missing.

    Raises:
        RefusedError: something is missing; the message says what.
        UsageError: no reason given.
    """
    require_open(incident)
    need_words(reason, "closing")
    if incident.police is None:
        raise RefusedError(
            f"{incident.id} has no police decision",
            hint=f"holdfast incident notify {incident.id} police --told --receipt TEXT (or --not-required)",
        )
    if incident.still_down:
        raise RefusedError(
            f"not back to normal: {', '.join(incident.still_down)}", hint=f"holdfast incident next {incident.id}"
        )


def close(ledger: Ledger, incident: Incident, reason: str) -> None:
    """Close an incident and its alerts.

    Raises:
        RefusedError, UsageError: it may not be closed.
    """
    require_closable(incident, reason)
    ledger.append("incident.closed", {"incident": incident.id, "what": "closed", "reason": one_line(reason)})
    ids = [alert.id for alert in ledger_alerts.listed(ledger, incident=incident.id)]
    if ids:
        ledger_alerts.change(ledger, ids, ledger_alerts.CLOSED, reason=f"closed with {incident.id}")


def need_words(text: str, what: str, option: str = "--reason TEXT") -> None:
    """Refuse an act that says nothing.

    Raises:
        UsageError: the text is empty.
    """
    if not text.strip():
        raise UsageError(f"{what} needs words", hint=option)


def one_line(text: str) -> str:
    """Return a text that cannot pretend to be several lines of ours, nor break a page with letters that are none."""
    return " ".join(text.encode(errors="replace").decode().split())


@contextmanager
def _alone(ledger: Ledger) -> Iterator[Lease]:
    """Let nobody else open an incident meanwhile: two would get the same id."""
    lease = ledger.own("incidents")
    try:
        yield lease
    finally:
        ledger.disown(lease)


def require_open(incident: Incident) -> None:
    """Refuse to change a closed incident.

    Raises:
        RefusedError: it is closed.
    """
    if not incident.open:
        raise RefusedError(f"{incident.id} is closed", hint="open a new one: holdfast incident open --title TEXT")


def _new_id(now: datetime, taken: set[str]) -> str:
    base = now.strftime("inc-%Y%m%d")
    number = 1
    while f"{base}-{number:02d}" in taken:
        number += 1
    return f"{base}-{number:02d}"
