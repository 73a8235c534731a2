"""Gates: what a person is asked, what exactly a signature covers, and whether those who answered are enough. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from incident.effects import Answers
from incident.plan import PlannedStep, RecoveryPlan
from incident.runbook import Step
from inventory.approval import Approval, Request, Rule
from inventory.errors import UsageError
from inventory.people import Role

ROLES: tuple[Role, ...] = ("responder", "approver", "head")
"""Who may answer a gate."""

SIGNED = Rule(roles=ROLES)
"""What each signature at a gate must satisfy; how many are needed the gate itself says (`lacking`)."""


def question(plan: RecoveryPlan, planned: PlannedStep) -> str:
    """Return what a gate asks, with the hosts it is about."""
    targets = plan.system(planned.system).targets
    where = ", ".join(f"{host} → {target}" if host != target else host for host, target in targets.items())
    return f"{planned.key}: {planned.step.ask.replace('{targets}', where).replace('{system}', planned.system)}"


def approvable(plan: RecoveryPlan) -> list[PlannedStep]:
    """Return the gates of a plan that people approve (the police decision is recorded, not approved)."""
    return [step for step in plan.steps if step.step.gate == "approve"]


def words(steps: Sequence[PlannedStep]) -> list[str]:
    """Return the names under which gates are approved together: their step ids, each once."""
    return list(dict.fromkeys(step.step.id for step in steps))


def request(site: str, run_id: str, plan: RecoveryPlan, word: str) -> Request:
    """Return what is signed to approve a gate of a run: one (`SYSTEM/STEP`), or all that share a step id.

    The run's id and the plan's digest are part of it, so that a signature counts for this run of this plan alone.

    Raises:
        UsageError: the plan has no gate of this name that people approve.
    """
    meant = [step for step in approvable(plan) if word in (step.key, step.step.id)]
    if not meant:
        known = ", ".join(words(approvable(plan))) or "none"
        raise UsageError(f"this recovery has no gate {word!r} to approve", hint=f"gates: {known}, or SYSTEM/GATE")
    what = "; ".join(question(plan, step) for step in meant)
    return Request(site, f"recover {run_id} gate {word}", plan.digest(), what)


def given(answers: Answers, planned: PlannedStep, actor: Approval) -> list[Approval]:
    """Return who approved a gate: those who signed, and the actor's claim if they named it and did not sign."""
    found = [each for name in (planned.key, planned.step.id) for each in answers.signed.get(name, ())]
    found = list({each.login: each for each in found}.values())
    if answers.about(planned, answers.approve) and (planned.step.people > len(found) or not found):
        found += [] if actor.login in {each.login for each in found} else [actor]
    return found


def lacking(step: Step, approvals: Sequence[Approval]) -> str:
    """Return what a gate still needs, or an empty text: `2 people, signed; so far: Hoa (signed)`."""
    counted = {each.login for each in approvals if each.signed or not step.signed}
    if len(counted) >= step.people:
        return ""
    signed = ", signed" if step.signed else ""
    have = ", ".join(each.words for each in approvals)
    return f"takes {demand(step)}{signed}" + (f"; so far {have}" if have else "")


def demand(step: Step) -> str:
    """Return how many people a gate takes, in words."""
    return "one person" if step.people == 1 else f"{step.people} different people"
