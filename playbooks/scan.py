"""Scan: read the hosts' settings, judge them, change nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from inventory import sitekey
from inventory.errors import ExitCode, UsageError, worst
from inventory.site import Site
from inventory.waivers import Waivers
from playbooks import ansible
from playbooks import judge as judged
from playbooks.ansible import Play, TaskResult
from playbooks.controls import Control
from playbooks.judge import Verdict, Word, judge

Runner = Callable[[Play, Callable[[TaskResult], None]], Sequence[TaskResult]]
Told = Callable[[str], None]

LOWEST_LEVEL = 1
SEALED = "Note what the run left"
"""The task that says what a run of hardening left on a host; nothing of it is judged."""


@dataclass(frozen=True)
class Target:
    """A host to harden: the systems it carries and the highest of their levels, which it is judged against."""

    host: str
    systems: tuple[str, ...]
    level: int


@dataclass(frozen=True)
class HostScan:
    """What a scan found on one host; `error` says why it could not be scanned, then there are no verdicts."""

    host: str
    systems: tuple[str, ...]
    level: int
    error: str | None
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()

    def count(self, word: Word) -> int:
        """Return how many verdicts are `word`."""
        return Counter(verdict.verdict for verdict in self.verdicts)[word]

    def ids(self, word: Word) -> list[str]:
        """Return the controls whose verdict is `word`."""
        return [verdict.control for verdict in self.verdicts if verdict.verdict == word]

    def raw(self, word: Word) -> list[str]:
        """Return the controls whose verdict is `word` if no waiver counts."""
        return [verdict.control for verdict in self.verdicts if verdict.raw == word]

    def unknowns(self) -> dict[str, list[str]]:
        """Return the controls whose verdict is unknown, by the reason."""
        found: dict[str, list[str]] = {}
        for verdict in self.verdicts:
            if verdict.verdict == "unknown":
                found.setdefault(verdict.found, []).append(verdict.control)
        return found


@dataclass(frozen=True)
class Scan:
    """A scan of several hosts."""

    hosts: tuple[HostScan, ...]

    @property
    def exit_code(self) -> ExitCode:
        """Return 3 with a host unreached, 1 with a control failing or unknown, else 0."""
        return worst(_exit_code(host) for host in self.hosts)

    def document(self) -> dict[str, Any]:
        """Return what `harden scan --json` prints."""
        return {
            "hosts": [
                {
                    "host": host.host,
                    "systems": list(host.systems),
                    "error": host.error,
                    "verdicts": [verdict.document() for verdict in host.verdicts],
                }
                for host in self.hosts
            ]
        }


def targets(site: Site, systems: Sequence[str] = (), hosts: Sequence[str] = ()) -> list[Target]:
    """Return the hosts meant: those of the systems, of them only the ones named; without systems, of all of ours.

    Raises:
        UsageError: a system or host is not in the site, or a host named carries none of the systems named.
    """
    keys = [key for key in systems if site.system(key)]
    names = [site.host(name).name for name in hosts]
    carriers = [name for key in keys or site.own for name in site.members.get(key, ())]
    strangers = [name for name in names if keys and name not in carriers]
    if strangers:
        raise UsageError(
            f"{', '.join(strangers)} does not carry {' or '.join(keys)}",
            hint=f"hosts of {', '.join(keys)}: {', '.join(dict.fromkeys(carriers)) or 'none'}",
        )
    names = names or carriers
    return [_target(site, name) for name in dict.fromkeys(names)]


def scan(
    site: Site,
    wanted: Sequence[Target],
    controls: Iterable[Control],
    *,
    runner: Runner = ansible.run,
    told: Told = lambda _: None,
    run: str = "",
) -> Scan:
    """Read and judge every host in one round trip each. A host that does not answer is named with the reason.

    With `run`, a run of hardening that has just ended, the hosts also note what it left.

    Raises:
        AnsibleError: Ansible could not begin.
    """
    if not wanted:
        return Scan(())

    def on_result(result: TaskResult) -> None:
        if result.task != SEALED:
            told(f"{result.host} {'answered' if result.status == 'ok' else 'did not answer'}")

    order = play(site, wanted, ansible.CONTENT / "collect.yml", variables={"hf_run": run} if run else {})
    answers = {result.host: result for result in runner(order, on_result) if result.task != SEALED}
    rules = list(controls)
    return Scan(tuple(_host(target, answers.get(target.host), rules) for target in wanted))


def waive(found: Scan, waivers: Waivers, today: date) -> Scan:
    """Return a scan with what is waived on each host today called so. A host needs the waiver of all its systems."""
    return Scan(tuple(_waived(host, waivers, today) for host in found.hosts))


def _waived(host: HostScan, waivers: Waivers, today: date) -> HostScan:
    accepted = {control: each.words for control, each in waivers.of_host(host.systems, today).items()}
    return replace(host, verdicts=tuple(judged.waive(host.verdicts, accepted)))


def play(
    site: Site,
    wanted: Sequence[Target],
    playbook: Path,
    *,
    check: bool = False,
    variables: Mapping[str, Any] | None = None,
) -> Play:
    """Return the run of one of our playbooks on some hosts of the site."""
    return Play(
        playbook,
        site.inventories,
        [target.host for target in wanted],
        check=check,
        known_hosts=site.root / "known_hosts",
        key=sitekey.of(site),
        variables=variables or {},
    )


def _target(site: Site, name: str) -> Target:
    systems = tuple(key for key in site.own if name in site.members.get(key, ()))
    return Target(name, systems, max((site.systems[key].level for key in systems), default=LOWEST_LEVEL))


def _host(target: Target, answer: TaskResult | None, controls: list[Control]) -> HostScan:
    empty = HostScan(target.host, target.systems, target.level, "Ansible did not say anything about this host")
    if answer is None:
        return empty
    facts = answer.result.get("facts")
    if answer.status != "ok" or not isinstance(facts, Mapping):
        return HostScan(target.host, target.systems, target.level, f"{_what(answer)}: {answer.message}")
    verdicts = tuple(judge(facts, controls, target.level))
    return HostScan(target.host, target.systems, target.level, None, verdicts, tuple(_notes(facts)))


def _what(answer: TaskResult) -> str:
    return "not reached" if answer.status == "unreachable" else "could not be read"


def _notes(facts: Mapping[str, Any]) -> Iterable[str]:
    sshd = facts.get("sshd")
    if isinstance(sshd, Mapping) and sshd.get("how") == "file":
        yield "SSH settings were read from the files, not from the running sshd"
    if facts.get("privileged") is False and facts.get("directory") is False:
        yield "read without root's rights: some settings stay unknown"


def _exit_code(host: HostScan) -> ExitCode:
    if host.error is not None:
        return ExitCode.UNFINISHED
    return ExitCode.FINDINGS if host.count("fail") or host.count("unknown") else ExitCode.DONE
