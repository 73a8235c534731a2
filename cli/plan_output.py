"""What a run of Ansible would change or did, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playbooks.plan import Outcome


def lines(plan: Outcome) -> list[str]:
    """Return a plan as lines: each change with its difference, notes, what failed, and how much it is."""
    found = []
    for change in plan.changes:
        of, role = f" ({change.item})" if change.item else "", f" [role {change.role}]" if change.role else ""
        found.append(f"{change.host}: {change.task}{of}{role}")
        found += [f"    {text}" for text in change.diff.splitlines()]
    found += [f"note: {note}" for note in plan.notes]
    found += troubles(plan)
    hosts = len({change.host for change in plan.changes})
    made = f"{many(len(plan.changes), 'change')} on {many(hosts, 'host')}"
    found.append(f"{made} would be made; nothing was changed")
    return found


def troubles(outcome: Outcome) -> list[str]:
    """Return the hosts that were not finished, with the reason, as lines."""
    found = [f"error: {host} was not reached: {why}" for host, why in outcome.unreached.items()]
    return found + [f"error: {host} was not finished: {why}" for host, why in outcome.failed.items()]


def many(count: int, thing: str) -> str:
    """Return `1 change`, `2 changes`."""
    return f"{count} {thing}{'' if count == 1 else 's'}"
