"""Apply: change the hosts as planned, then read them again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from inventory.errors import ExitCode, worst
from inventory.site import Site
from playbooks import ansible
from playbooks.controls import Control
from playbooks.plan import Outcome, harden
from playbooks.scan import HostScan, Runner, Scan, Target, Told, scan


@dataclass(frozen=True)
class Applied:
    """What applying did: the scan before, what was changed, the scan after."""

    before: Scan
    outcome: Outcome
    after: Scan

    @property
    def exit_code(self) -> ExitCode:
        """Return the worst of the run and of the scan after it."""
        return worst([self.outcome.exit_code, self.after.exit_code])

    def document(self) -> dict[str, Any]:
        """Return what `harden apply --json` prints."""
        return {
            "changes": self.outcome.document()["changes"],
            "failed": dict(self.outcome.failed),
            "unreached": dict(self.outcome.unreached),
            "before": self.before.document()["hosts"],
            "after": self.after.document()["hosts"],
        }

    @property
    def by_hand(self) -> int:
        """Return how many controls still fail or are unknown on the hosts together."""
        return sum(host.count("fail") + host.count("unknown") for host in self.after.hosts)

    def pairs(self) -> list[tuple[HostScan, HostScan]]:
        """Return each host's scan before and after."""
        return list(zip(self.before.hosts, self.after.hosts, strict=True))


def apply(
    site: Site,
    wanted: Sequence[Target],
    controls: Iterable[Control],
    *,
    runner: Runner = ansible.run,
    told: Told = lambda _: None,
) -> Applied:
    """Scan, change, scan again.

    Raises:
        AnsibleError: Ansible could not begin; what a broken-off run changed shows in the next scan.
    """
    rules = list(controls)
    before = scan(site, wanted, rules, runner=runner, told=told)
    done = harden(site, wanted, check=False, runner=runner, told=told)
    return Applied(before, done, scan(site, wanted, rules, runner=runner, told=told))
