"""How a recovery plan and a run are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli import output
from inventory.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Collection

    from incident.plan import RecoveryPlan
    from incident.runs import Run
    from inventory.approval import Approval


def report(found: Run, *, json: bool, brief: bool = False) -> ExitCode:
    """Print where a run stands, and return the exit code that says so."""
    if json:
        output.document(_as_json(found))
    elif not brief:
        rows = [
            (step.key, found.state(step.key).status, found.state(step.key).found or found.state(step.key).ask)
            for step in found.plan.steps
        ]
        output.table(("step", "state", "found"), rows)
    if not json:
        output.line(f"{found.id}: {found.verdict}")
        _how_to_sign(found)
    return _code(found)


def asked(key: str, ask: str) -> str:
    """Return what a step asks of a person, its key before it."""
    return ask if ask.startswith(f"{key}:") else f"{key}: {ask}" if ask else key


def _how_to_sign(found: Run) -> None:
    """Say how the waiting gates are signed that take more than one word of one person."""
    signed = [each.key for each in found.waiting if each.step.signed or each.step.people > 1]
    if signed:
        output.line(f"to sign {', '.join(signed)}: holdfast recover requests {found.plan.incident}")
        output.line("      (the texts and the lines that sign them; hand in all signatures of a gate in one command)")


def _code(found: Run) -> ExitCode:
    """Return the worst of what the run stands at: waiting 4, something not done 3, a failure gone past 1."""
    if found.waiting:
        return ExitCode.REFUSED
    if not found.complete:
        return ExitCode.UNFINISHED
    return ExitCode.FINDINGS if found.gone_past else ExitCode.DONE


def _as_json(found: Run) -> dict[str, Any]:
    return {
        "run": found.id,
        "incident": found.plan.incident,
        "complete": found.complete,
        "missing": [lost.key for lost in found.plan.missing],
        "failed": [step.key for step in found.failed],
        "waiting": [step.key for step in found.waiting],
        "steps": [
            {
                "step": step.key,
                "state": found.state(step.key).status,
                "found": found.state(step.key).found,
                "seconds": found.state(step.key).seconds,
                "ask": found.state(step.key).ask if step in found.waiting else "",
                "approvals": [_approval(each) for each in found.state(step.key).approvals],
            }
            for step in found.plan.steps
        ],
    }


def _approval(each: Approval) -> dict[str, Any]:
    return {name: getattr(each, name) for name in ("person", "login", "signed", "fingerprint")}


def show_plan(made: RecoveryPlan, untested: Collection[str]) -> None:
    """Print a plan: this is the dry run. `untested` are the runbooks that were never proved anywhere."""
    from inventory import clock, duration, size

    rows = []
    for number, system in enumerate(made.systems, 1):
        copy = system.copy_from
        where = ", ".join(lost if lost == to else f"{lost} → {to}" for lost, to in system.targets.items())
        rows.append(
            (
                str(number),
                system.key,
                duration.show(system.target_seconds),
                f"{copy.kind} {copy.store}, {clock.to_text(copy.time)[:19]}, {size.show(copy.bytes)}",
                "yes" if copy.reachable else f"no: {copy.where}",
                where,
                f"{system.runbook} (untested)" if system.runbook in untested else system.runbook,
                ", ".join(system.after) or "-",
            )
        )
    output.table(("", "system", "target", "from", "reachable", "onto", "runbook", "after"), rows)
    if untested:
        names = ", ".join(sorted(untested))
        output.line(f"untested: nobody has proved runbook {names} on any system yet; read its steps before you begin")
    for lost in made.missing:
        output.line(f"NOT in this plan: {lost.key} has no copy to come back from: {lost.why}")
    output.line(f"plan {made.digest()[:16]}, {len(made.steps)} steps")
