"""Roll back: put what a run of `harden apply` changed back as it was, unless somebody changed it since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from inventory.errors import ExitCode, RefusedError, UsageError
from inventory.site import Site
from ledger.ledger import Entry
from playbooks import ansible, runs
from playbooks.ansible import TaskResult
from playbooks.controls import Control
from playbooks.plan import Change, Outcome, difference
from playbooks.runs import Run
from playbooks.scan import Runner, Target, Told, play, targets

PLAYBOOK = ansible.CONTENT / "rollback.yml"
_DROP_IN, _SYSCTLS, _LOGIN = (
    "/etc/ssh/sshd_config.d/00-holdfast.conf",
    "/etc/sysctl.d/99-zz-holdfast.conf",
    "/etc/login.defs",
)
_ACTS = {"content": "Put the file back", "rights": "Put owner and rights back", "sysctl": "Set the kernel back"}

Kind = Literal["content", "rights", "sysctl", "unit"]


@dataclass(frozen=True)
class Piece:
    """A part of what a run changed: a thing by kind and name (a pattern), and of it one setting, if one is named."""

    kind: Kind
    name: str
    part: str = ""


@dataclass(frozen=True)
class Back:
    """What rolling back would do or did: changes, what somebody changed since by host, hosts it did not finish on."""

    run: str
    whole: bool
    outcome: Outcome
    conflicts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """Return 4 when something was changed since, 3 when a host was not finished, else 0."""
        return ExitCode.REFUSED if self.conflicts else self.outcome.exit_code

    def document(self) -> dict[str, Any]:
        """Return what `harden rollback --json` prints."""
        conflicts = {host: list(texts) for host, texts in self.conflicts.items()}
        return {"run": self.run, **self.outcome.document(), "conflicts": conflicts}

    def require_unchanged(self) -> None:
        """Refuse when somebody changed something since.

        Raises:
            RefusedError: names each host and path.
        """
        if self.conflicts:
            named = "; ".join(f"{host}: {text}" for host, texts in self.conflicts.items() for text in texts)
            raise RefusedError(
                f"nothing was put back, what was changed since would be lost: {named}",
                hint=f"look at it by hand, or put back the rest: holdfast harden rollback {self.run} --control ID",
            )


def pieces(controls: Iterable[Control]) -> tuple[Piece, ...]:
    """Return what is put back for these controls.

    Raises:
        UsageError: no role mends one of them, so there is nothing to put back for it.
    """
    return tuple(piece for control in controls for piece in _pieces(control))


def _pieces(control: Control) -> list[Piece]:
    area, *rest = control.check.fact
    match control.mend.role:
        case "ssh":
            return [Piece("content", _DROP_IN, rest[0])]
        case "sysctl":
            return [Piece("sysctl", rest[0]), Piece("content", _SYSCTLS, rest[0])]
        case "accounts":
            return [Piece("content", _LOGIN, rest[0])]
        case "files" if area == "files":
            return [Piece("rights", "/etc/ssh/ssh_host_*_key" if rest[0] == "ssh host keys" else rest[0])]
    raise UsageError(
        f"{control.id} cannot be rolled back alone: what mends it is not one setting",
        hint="leave --control out to put back everything of the run",
    )


def meant(site: Site, run: Run, hosts: Sequence[str]) -> list[Target]:
    """Return the run's hosts, or of them the ones named.

    Raises:
        UsageError: a host named was not changed in the run, or is not in the inventory any more.
    """
    if strangers := [name for name in hosts if name not in run.hosts]:
        raise UsageError(
            f"{run.name} did not change {', '.join(strangers)}", hint=f"it changed: {', '.join(run.hosts) or 'none'}"
        )
    wanted = targets(site, [], list(hosts or run.hosts))
    return [target for target in wanted if run.hosts[target.host] != {}]


def roll_back(
    site: Site,
    run: Run,
    wanted: Sequence[Target],
    only: Sequence[Piece] = (),
    *,
    check: bool,
    runner: Runner = ansible.run,
    told: Told = lambda _: None,
) -> Back:
    """Put back what a run changed on its hosts (with `check` only tell); `only` some pieces of it, or everything.

    Nothing is put back on a host where one of the things meant was changed since.

    Raises:
        AnsibleError: Ansible could not begin.
    """
    if not wanted:
        return Back(run.name, not only, Outcome((), {}, {}))
    digests = {target.host: dict(run.hosts[target.host] or {}) for target in wanted}
    asked = [{"kind": each.kind, "name": each.name, "part": each.part} for each in only]
    variables = {"hf_run": run.name, "hf_digests": digests, "hf_wanted": asked or None}
    order = play(site, wanted, PLAYBOOK, check=check, variables=variables)
    results = runner(order, lambda result: told(f"{result.host}: {result.task}"))
    return fold(run, [target.host for target in wanted], results, whole=not only)


def fold(run: Run, hosts: Sequence[str], results: Sequence[TaskResult], *, whole: bool) -> Back:
    """Read what the hosts said. Pure; a host may say anything."""
    answers = {result.host: result for result in results}
    failed = {name: each.message for name, each in answers.items() if each.status == "failed"}
    unreached = {name: each.message for name, each in answers.items() if each.status == "unreachable"}
    unreached |= {name: "Ansible did not say anything about this host" for name in hosts if name not in answers}
    said = {name: each.result for name, each in answers.items() if each.status == "ok"}
    notes = tuple(note for name, answer in said.items() for note in _notes(run, name, answer))
    changes = tuple(change for name, answer in said.items() for change in _changes(name, answer))
    conflicts = {name: found for name, answer in said.items() if (found := _texts(answer.get("conflicts")))}
    return Back(run.name, whole, Outcome(changes, failed, unreached, notes), conflicts)


def entries(back: Back, wanted: Sequence[Target]) -> list[Entry]:
    """Return the records of a rollback, one per host."""
    troubles = {**back.outcome.unreached, **back.outcome.failed}
    found = []
    for target in wanted:
        items = [change.item for change in back.outcome.on(target.host)]
        system = target.systems[0] if len(target.systems) == 1 else None
        found.append(runs.rolled_back(back.run, target.host, system, items, troubles.get(target.host), back.whole))
    return found


def _notes(run: Run, host: str, answer: Mapping[str, Any]) -> Iterable[str]:
    if answer.get("kept") is False:
        yield f"{host}: nothing is kept there of {run.name}"
    elif answer.get("sealed") is not True or run.hosts.get(host) is None:
        yield f"{host}: the run broke off; what it changed cannot be told from what somebody changed since"


def _changes(host: str, answer: Mapping[str, Any]) -> Iterable[Change]:
    steps = answer.get("steps")
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, Mapping):
            kind, name, part = (str(step.get(key, "")) for key in ("kind", "name", "part"))
            sides = {"before": str(step.get("before", "")), "after": str(step.get("after", ""))}
            item = f"{name} {part}" if part not in ("", "rights") else name
            act = _ACTS.get(kind, "Put the service back")
            yield Change(host, "", act, item, difference({"diff": sides, "path": name}))


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()
