"""Where the command of a step runs, and what its programs on other hosts are called there."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from incident.runbook import Step
from inventory.host_command import HostCommand
from inventory.system import System

_LONGEST = 28


@dataclass(frozen=True)
class Placed:
    """One command: the host it runs on, by the name the inventory has for it, and its words."""

    host: str
    words: tuple[str, ...]


def of_step(step: Step, own: System, targets: Mapping[str, str]) -> list[Placed]:
    """Return what a step runs and where, in order; `targets` maps each lost host to the one in its place.

    A command that names no host runs on the host that the system's `data` names first.
    """
    match step.command:
        case None:
            return []
        case "start":
            commands: Sequence[HostCommand] = own.start
        case "stop":
            commands = own.stop
        case words:
            commands = [HostCommand(run=words, host=step.host)]
    home = own.data[0].host if own.data else ""
    return [Placed(_target(each.host or home, targets), _filled(each.run, targets)) for each in commands]


def name(run: str, mark: str, key: str, attempt: int) -> str:
    """Return what the programs of one attempt at a step are called on other hosts.

    It can be read, and no other attempt of any run of any site has it (`mark` is what only this run has: its plan's
    digest and its start): a result that an older one left on a host is never taken for this one's. At most 45 letters,
    digits and dashes.
    """
    whole = json.dumps([run, mark, key, attempt]).encode()
    words = re.sub(r"[^0-9A-Za-z]+", "-", f"{key}-{attempt}").strip("-")[-_LONGEST:].strip("-")
    return f"{words}-{hashlib.sha256(whole).hexdigest()[:16]}"


def part(name: str, index: int) -> str:
    """Return what the command at this place of its step is called on its host."""
    return f"{name}-{index}"


def _target(host: str, targets: Mapping[str, str]) -> str:
    return targets.get(host, host)


def _filled(words: Sequence[str], targets: Mapping[str, str]) -> tuple[str, ...]:
    filled = list(words)
    for lost, target in targets.items():
        filled = [word.replace("{target:" + lost + "}", target) for word in filled]
    return tuple(filled)
