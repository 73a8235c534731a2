"""What a recovery step can do to the world, and what people said about steps beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from incident.plan import PlannedStep, RecoveryPlan, SystemPlan
from inventory.approval import Approval
from inventory.command import UnreachableError
from inventory.errors import RefusedError, UsageError
from inventory.ssh import NotPreparedError

NOT_BEGUN = (UnreachableError, NotPreparedError, RefusedError)
"""What says that a program was not begun on its host: tried again under the same name, it is begun once at most."""


@dataclass(frozen=True)
class Result:
    """What an effect came to: whether it worked, what was found, and what the ledger should keep of it.

    `begun` is false only where it is certain that nothing was: trying again repeats nothing.
    """

    ok: bool
    found: str
    data: Mapping[str, Any] = field(default_factory=dict)
    begun: bool = True


class Hands(Protocol):
    """The effects a step can have. Expected failures are results; `limit` is in seconds.

    `name` is what the programs of this attempt are called on other hosts (`inventory/reach.py`): with the same name
    they are come back to there and not begun a second time, and how they ended is kept there until `forget`.
    """

    def check_copy(self, system: SystemPlan, limit: float) -> Result:
        """Read the chosen copy through and say whether it is whole."""
        ...

    def restore(self, system: SystemPlan, limit: float, name: str) -> Result:
        """Bring every source of the system back onto its targets and compare with the manifest."""
        ...

    def command(self, system: SystemPlan, step: PlannedStep, limit: float, name: str) -> Result:
        """Run the step's command on the target.

        Raises:
            InDoubtError: it was begun on its host, and how it ended is not known.
        """
        ...

    def come_back(self, system: SystemPlan, step: PlannedStep, limit: float, name: str) -> Result | None:
        """Follow a command that an earlier process began under this name; None if its hosts do not know it.

        Raises:
            EndedError: it was begun and ended without a result.
            HoldfastError: its host cannot be asked now.
        """
        ...

    def forget(self, system: SystemPlan, step: PlannedStep, name: str) -> None:
        """Let the hosts give up what they keep of this attempt: its result is recorded."""
        ...

    def is_done(self, system: SystemPlan, step: PlannedStep) -> bool:
        """Look whether a begun step has had its effect."""
        ...

    def check_normal(self, system: SystemPlan, limit: float) -> Result:
        """Run the system's own tests until they all pass or the limit is over."""
        ...

    def police_decided(self) -> bool:
        """Tell whether the police decision of the incident is recorded."""
        ...


@dataclass(frozen=True)
class Answers:
    """What people have said beforehand, by step id or SYSTEM/STEP: approvals, things done by hand, things to repeat.

    `signed` are checked signatures for some of the names in `approve`; `name` is the person who says all this, where
    it is known.
    """

    approve: frozenset[str] = frozenset()
    signed: Mapping[str, Sequence[Approval]] = field(default_factory=dict)
    name: str = ""
    done: frozenset[str] = frozenset()
    again: frozenset[str] = frozenset()
    reason: str = ""
    ask: Callable[[str], bool] = lambda _question: False

    def about(self, step: PlannedStep, given: frozenset[str]) -> bool:
        """Tell whether `given` names this step."""
        return step.key in given or step.step.id in given

    def must_fit(self, plan: RecoveryPlan) -> None:
        """Refuse an answer about a step the plan does not have, and two answers that contradict each other.

        Raises:
            UsageError: a name is misspelt, or a step is to be both done and repeated.
        """
        known = {name for step in plan.steps for name in (step.key, step.step.id)}
        if strange := sorted((self.approve | self.done | self.again) - known):
            steps = ", ".join(dict.fromkeys(step.step.id for step in plan.steps))
            raise UsageError(f"this recovery has no step {strange[0]!r}", hint=f"steps: {steps}, or SYSTEM/STEP")
        for step in plan.steps:
            if self.about(step, self.done) and self.about(step, self.again):
                raise UsageError(f"{step.key} cannot be both done and to be done again", hint="say one of the two")
