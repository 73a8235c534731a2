"""Plan: what applying would change, as a value with the differences; nothing is changed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from inventory.errors import ExitCode
from inventory.site import Site
from playbooks import ansible
from playbooks.ansible import TaskResult
from playbooks.scan import Runner, Target, Told, play

HARDEN = ansible.CONTENT / "harden.yml"


@dataclass(frozen=True)
class Change:
    """One change on one host: which role and task, of what (may be empty), and the difference as text."""

    host: str
    role: str
    task: str
    item: str
    diff: str


@dataclass(frozen=True)
class Outcome:
    """What a run of the hardening playbook changed (or would change), and the hosts it did not finish on."""

    changes: tuple[Change, ...]
    failed: Mapping[str, str]
    unreached: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """Return 3 when a host was not finished, else 0."""
        return ExitCode.UNFINISHED if self.failed or self.unreached else ExitCode.DONE

    @property
    def pending(self) -> ExitCode:
        """Return what a plan ends with: 3 when a host was not finished, 1 when something would change, else 0."""
        return self.exit_code or (ExitCode.FINDINGS if self.changes else ExitCode.DONE)

    def on(self, host: str) -> list[Change]:
        """Return the changes of one host."""
        return [change for change in self.changes if change.host == host]

    def document(self) -> dict[str, Any]:
        """Return what `harden plan --json` prints."""
        return asdict(self)


def plan(site: Site, wanted: Sequence[Target], *, runner: Runner = ansible.run, told: Told = lambda _: None) -> Outcome:
    """Run the hardening playbook in check mode and return what it would change.

    Raises:
        AnsibleError: Ansible could not begin.
    """
    return harden(site, wanted, check=True, runner=runner, told=told)


def harden(
    site: Site,
    wanted: Sequence[Target],
    *,
    check: bool,
    runner: Runner = ansible.run,
    told: Told = lambda _: None,
    run: str = "",
) -> Outcome:
    """Run the hardening playbook, in check mode or for good; with a name hosts keep what they were like before."""
    if not wanted:
        return Outcome((), {}, {})
    order = play(site, wanted, HARDEN, check=check, variables={"hf_run": run} if run else {})
    results = runner(order, lambda result: told(f"{result.host}: {result.task}"))
    return outcome(results, [target.host for target in wanted])


def outcome(results: Sequence[TaskResult], hosts: Sequence[str]) -> Outcome:
    """Fold task results into what was changed and where it did not finish."""
    failed = {result.host: result for result in results if result.status == "failed" and not result.ignored}
    unreached = {result.host: result.message for result in results if result.status == "unreachable"}
    heard = {result.host for result in results}
    unreached |= {host: "Ansible did not say anything about this host" for host in hosts if host not in heard}
    return Outcome(
        changes=tuple(change for result in results if result.changed for change in _changes(result)),
        failed={host: f"{result.task}: {result.message}" for host, result in failed.items()},
        unreached=unreached,
        notes=tuple(_notes(results)),
    )


def _changes(result: TaskResult) -> Iterable[Change]:
    items = result.result.get("results")
    for answer in items if isinstance(items, list) else [result.result]:
        if isinstance(answer, Mapping) and answer.get("changed"):
            item = str(answer.get("_ansible_item_label") or "")
            yield Change(result.host, result.role, result.task, item, difference(answer))


def difference(answer: Mapping[str, Any]) -> str:
    """Return a module's own before and after as a unified diff, or nothing when it gave none."""
    given = answer.get("diff")
    parts = given if isinstance(given, list) else [given]
    name = str(answer.get("dest") or answer.get("path") or "")
    return "".join(_unified(part, name) for part in parts if isinstance(part, Mapping))


def _unified(part: Mapping[str, Any], name: str) -> str:
    if "prepared" in part:
        return str(part["prepared"])
    before, after = (_text(part.get(side), name) for side in ("before", "after"))
    title = name or _title(str(part.get("before_header") or part.get("after_header") or ""))
    lines = difflib.unified_diff(before, after, f"{title} (now)", f"{title} (after)", lineterm="", n=2)
    return "".join(f"{line}\n" for line in lines)


def _title(header: str) -> str:
    """Return the file a header names; of a template rendered in a temporary directory only its name."""
    path = header.removesuffix(" (content)")
    return PurePath(path).name if "ansible-local-" in path else path


def _text(side: Any, name: str) -> list[str]:
    """Return one side of a difference as lines; what is not text (modes, owners) one setting a line."""
    if isinstance(side, Mapping):
        return [f"{key}: {_plain(value)}" for key, value in sorted(side.items()) if value != name]
    return str(side or "").splitlines()


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _notes(results: Sequence[TaskResult]) -> Iterable[str]:
    """Yield what the roles say about parts they leave alone."""
    for result in results:
        if result.status == "ok" and result.task.startswith("Say why") and result.result.get("msg"):
            yield f"{result.host}: {result.result['msg']}"
