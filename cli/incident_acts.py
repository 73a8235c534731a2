"""What people do with an open incident: take it up, decide, tell, note, add, look again."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import completion, incident_output, output
from cli.context import current
from inventory.errors import ExitCode, UsageError

acts = typer.Typer()

Id = Annotated[str | None, typer.Argument(help="The incident's id; without it, the only open one.")]
FromAlerts = Annotated[bool, typer.Option("--from-alerts", help="Take in every open alert.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence.")]
_WHO = "police, first-notice, incident-report, personal-data, notice, final-report"


@acts.command("ack")
def ack(context: typer.Context, incident_id: Id = None) -> ExitCode:
    """Take the incident up; this stops the acknowledge clock.

    Example: holdfast incident ack
    """
    from incident import acts as deeds
    from incident.incident import find

    here = current(context)
    here.actor.may("responder", "security", "operator")
    deeds.acknowledge(here.ledger, find(here.ledger, incident_id))
    return incident_output.following(here, find(here.ledger, incident_id))


@acts.command("classify")
def classify(
    context: typer.Context,
    incident_id: Id = None,
    serious: Annotated[
        bool | None, typer.Option("--serious/--ordinary", help="A named person decides; the rules do not define it.")
    ] = None,
    personal_data: Annotated[
        bool | None,
        typer.Option("--personal-data/--no-personal-data", help="Is personal data believed affected? From now on."),
    ] = None,
    national_security: Annotated[
        bool | None,
        typer.Option(
            "--national-security/--no-national-security",
            help="Does it touch national security or public order, or disrupt severely?",
        ),
    ] = None,
    reason: Reason = "",
) -> ExitCode:
    """Say whether the incident is serious, touches personal data or national security, and why. Clocks depend on it.

    Example: holdfast incident classify --serious --personal-data --reason 'the file of 300,000 citizens was read'
    """
    from incident import acts as deeds
    from incident.incident import find

    here = current(context)
    here.actor.may("responder", "head", "approver")
    if serious is personal_data is national_security is None:
        raise UsageError("say which: serious or ordinary", hint="holdfast incident classify --serious --reason WHY")
    found = find(here.ledger, incident_id)
    if serious is not None:
        deeds.classify(here.ledger, found, serious=serious, reason=reason)
    if national_security is not None:
        deeds.judge(here.ledger, found, "national_security", yes=national_security, reason=reason)
    if personal_data is not None:
        deeds.judge(here.ledger, found, "personal_data", yes=personal_data, reason=reason)
    return incident_output.following(here, find(here.ledger, found.id))


@acts.command("notify")
def notify(
    context: typer.Context,
    words: Annotated[
        list[str], typer.Argument(metavar="[ID] WHO", help=f"{_WHO}; the id may be left out while one is open.")
    ],
    told: Annotated[bool | None, typer.Option("--told/--not-required", help="What was decided.")] = None,
    receipt: Annotated[str, typer.Option("--receipt", help="Whom, when and how: name, time, channel.")] = "",
    reason: Reason = "",
) -> ExitCode:
    """Record that the police were told (the decision no incident passes without), or that a notice or report went out.

    Notices that are owed after an incident is closed are recorded with its id.

    Example: holdfast incident notify inc-20260131-01 police --told --receipt 'Maj. Vo, 03:24, by phone'
    """
    from incident import acts as deeds
    from incident.clocks import NOTICES
    from incident.incident import find

    here = current(context)
    here.actor.may("responder", "head", "approver")
    known = {"police", *(key.replace("_", "-") for key in NOTICES)}
    ids, whom = [word for word in words if word not in known], [word for word in words if word in known]
    if len(whom) != 1 or len(ids) > 1:
        raise UsageError(f"{(ids or words)[-1]!r} cannot be notified here", hint=f"[ID] and one of: {_WHO}")
    if told is None:
        raise UsageError("say what was decided", hint="--told --receipt TEXT, or --not-required --reason TEXT")
    found = find(here.ledger, ids[0] if ids else None)
    if whom == ["police"]:
        deeds.notify_police(here.ledger, found, told=told, reason=reason, receipt=receipt)
    else:
        key = whom[0].replace("-", "_")
        deeds.notify(here.ledger, found, key, told=told, reason=reason, receipt=receipt)
    return incident_output.following(here, find(here.ledger, found.id))


@acts.command("note")
def note(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What to write down.")],
    incident_id: Annotated[str | None, typer.Option("--incident", help="Which; without it, the only open one.")] = None,
) -> ExitCode:
    """Write a note into the incident's timeline.

    Example: holdfast incident note 'second site confirms: no outside connection since 02:50'
    """
    from incident import acts as deeds
    from incident.incident import find

    here = current(context)
    here.actor.may("responder", "security", "operator", "approver", "head")
    deeds.add_note(here.ledger, find(here.ledger, incident_id), text)
    return ExitCode.DONE


@acts.command("affect")
def affect(
    context: typer.Context,
    incident_id: Id = None,
    system: Annotated[
        list[str] | None, typer.Option("--system", help="A system; repeat for more.", autocompletion=completion.systems)
    ] = None,
    from_alerts: FromAlerts = False,
) -> ExitCode:
    """Add systems, or waiting alerts with theirs, to an incident; one named again is down again.

    Example: holdfast incident affect --system lgsp
    """
    from incident import acts as deeds
    from incident.incident import find
    from ledger import alerts

    here = current(context)
    here.actor.may("responder", "security", "operator")
    for key in system or []:
        here.site.system(key)
    waiting = alerts.listed(here.ledger, states=(alerts.OPEN,)) if from_alerts else []
    if not system and not waiting:
        raise UsageError("nothing to add", hint="--system KEY, or --from-alerts while alerts wait")
    deeds.affect(here.ledger, find(here.ledger, incident_id), system or [], waiting)
    return incident_output.following(here, find(here.ledger, incident_id))


@acts.command("recheck")
def recheck(context: typer.Context, incident_id: Id = None, reason: Reason = "") -> ExitCode:
    """Run the own tests of the systems still down; those that pass are normal again, without a restore.

    For a system that an alert named wrongly, or that was mended by hand.

    Example: holdfast incident recheck --reason 'exchange only lost its network; cable replaced'
    """
    from incident import rechecking
    from incident.incident import find

    here = current(context)
    here.actor.may("responder")
    with output.progress("running the systems' own tests"):
        results = rechecking.recheck(here.ledger, here.site, find(here.ledger, incident_id), reason)
    for key, each in results.items():
        output.line(f"{key}: {'normal' if each.normal else 'NOT normal: ' + '; '.join(each.failing)}")
    incident_output.following(here, find(here.ledger, incident_id))
    return ExitCode.DONE if all(each.normal for each in results.values()) else ExitCode.FINDINGS
