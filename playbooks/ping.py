"""Do the hosts answer, with the key we know and as the user we are to be, and what time is it there?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inventory import sitekey
from inventory.clock import Clock
from inventory.site import Site
from playbooks import ansible
from playbooks.ansible import Play, TaskResult
from playbooks.scan import Runner


@dataclass(frozen=True)
class Answer:
    """What came of asking one host: `problem` why it did not answer (empty: it did), `ahead` by how many seconds
    its clock is before ours (None: it told no time)."""

    host: str
    problem: str
    ahead: float | None


def ping(site: Site, hosts: Sequence[str], clock: Clock, *, limit: float, runner: Runner = ansible.run) -> list[Answer]:
    """Ask hosts for their time, all at once.

    Raises:
        AnsibleError: Ansible could not begin.
        TimeLimitError: `limit` (seconds) passed.
    """
    heard: dict[str, Answer] = {}

    def on_result(result: TaskResult) -> None:
        heard[result.host] = _answer(result, clock)

    if hosts:
        playbook = ansible.CONTENT / "ping.yml"
        known_hosts = site.root / "known_hosts"
        key = sitekey.of(site)
        play = Play(playbook, site.inventories, hosts, known_hosts=known_hosts, forks=20, limit=limit, key=key)
        runner(play, on_result)
    return [heard.get(host, Answer(host, "Ansible did not say anything about this host", None)) for host in hosts]


def _answer(result: TaskResult, clock: Clock) -> Answer:
    if result.status != "ok":
        return Answer(result.host, result.message, None)
    said = str(result.result.get("stdout", "")).strip()
    ahead = int(said) - clock.now().timestamp() if said.isdecimal() and len(said) < 12 else None
    return Answer(result.host, "", ahead)
