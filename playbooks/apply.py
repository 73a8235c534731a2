"""Apply: change the hosts as planned, then read them again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inventory.errors import ExitCode, worst
from inventory.site import Site
from playbooks import ansible, runs
from playbooks.ansible import Play, TaskResult
from playbooks.controls import Control
from playbooks.plan import Outcome, harden
from playbooks.scan import SEALED, HostScan, Runner, Scan, Target, Told, scan


@dataclass(frozen=True)
class Applied:
    """What applying did: the scan before, what was changed, the scan after.

    `kept` has by host what can be rolled back there, by the name `run`; a host is missing that did not say.
    """

    before: Scan
    outcome: Outcome
    after: Scan
    run: str = ""
    kept: Mapping[str, runs.Kept | None] = field(default_factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """Return the worst of the run and of the scan after it."""
        return worst([self.outcome.exit_code, self.after.exit_code])

    def document(self) -> dict[str, Any]:
        """Return what `harden apply --json` prints."""
        return {
            "run": self.run,
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


def new_run() -> str:
    """Return the name of a new run."""
    return f"h-{secrets.token_hex(4)}"


def apply(
    site: Site,
    wanted: Sequence[Target],
    controls: Iterable[Control],
    *,
    runner: Runner = ansible.run,
    told: Told = lambda _: None,
    run: str = "",
) -> Applied:
    """Scan, change, scan again; with the name of a new run, hosts keep what is changed (`rollback`).

    Raises:
        AnsibleError: Ansible could not begin; what a broken-off run changed shows in the next scan.
    """
    rules = list(controls)
    heard: list[TaskResult] = []

    def listening(play: Play, on_result: Callable[[TaskResult], None]) -> Sequence[TaskResult]:
        found = runner(play, on_result)
        heard.extend(found)
        return found

    before = scan(site, wanted, rules, runner=runner, told=told)
    done = harden(site, wanted, check=False, runner=runner, told=told, run=run)
    after = scan(site, wanted, rules, runner=listening, told=told, run=run)
    said = {each.host: each.result.get("objects") for each in heard if each.task == SEALED and each.status == "ok"}
    return Applied(before, done, after, run, {host: runs.kept(objects) for host, objects in said.items()})
