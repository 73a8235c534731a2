"""What the ledger keeps of each run of `harden apply`: where it ran, and the digests of what was kept there before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inventory import clock
from inventory.errors import UsageError
from ledger.ledger import Entry, Ledger
from ledger.projection import Projection, State
from ledger.record import Record

BEGUN, APPLIED, ROLLED_BACK = "harden.begun", "harden.applied", "harden.rolled_back"
_MOST_OBJECTS = 2000
_DIGEST = re.compile(r"[0-9a-f]{64}")

Kept = Mapping[str, str]
"""What a run changed on a host: the digest (SHA-256) of each thing as it was before, by its kind and name."""


@dataclass(frozen=True)
class Run:
    """A run of `harden apply`: by host what it changed there; None where it broke off and did not say."""

    name: str
    at: datetime
    by: str
    hosts: Mapping[str, Kept | None]


def begin(ledger: Ledger, name: str, hosts: Sequence[str]) -> None:
    """Record that a run is about to change hosts."""
    ledger.append(BEGUN, {"run": name, "hosts": list(hosts)})


def find(ledger: Ledger, name: str) -> Run:
    """Return a run by its name.

    Raises:
        UsageError: there is none of that name; the newest are named.
    """
    runs = ledger.project(RUNS)
    if name not in runs:
        newest = ", ".join(list(runs)[-3:]) or "none yet; harden apply makes one"
        raise UsageError(f"no run {name!r} of harden apply is known", hint=f"the newest runs: {newest}")
    kept = runs[name]
    return Run(name, clock.from_text(kept["at"]), kept["by"], kept["hosts"])


def kept(answer: Any) -> Kept | None:
    """Read what a host said it kept; None when that is no such thing. A host may say anything."""
    if not isinstance(answer, list) or len(answer) > _MOST_OBJECTS:
        return None
    found: dict[str, str] = {}
    for each in answer:
        fields = [each.get(key) for key in ("kind", "name", "before")] if isinstance(each, Mapping) else []
        match fields:
            case [str(kind), str(name), str(before)] if len(name) < 4096 and _DIGEST.fullmatch(before):
                found[f"{kind} {name}"] = before
            case _:
                return None
    return found


def rolled_back(run: str, host: str, system: str | None, back: Sequence[str], failed: str | None, whole: bool) -> Entry:
    """Return the record of what was put back on one host; `whole` when everything of the run was asked for."""
    return Entry(ROLLED_BACK, {"run": run, "host": host, "back": list(back), "failed": failed, "whole": whole}, system)


def _fold(state: State, record: Record) -> None:
    body = record.body
    name = body.get("run")
    if not name:
        return  # recorded before runs had names
    if record.kind == BEGUN:
        at, hosts = clock.to_text(record.at), dict.fromkeys(body["hosts"])
        state[name] = {"at": at, "by": record.actor, "hosts": hosts}
    elif name in state and record.kind == APPLIED:
        state[name] = state[name] | {"hosts": state[name]["hosts"] | {body["host"]: body["kept"]}}
    elif name in state and body["whole"] and body["failed"] is None:
        state[name] = state[name] | {"hosts": state[name]["hosts"] | {body["host"]: {}}}


RUNS = Projection("hardening runs", 1, _fold, (BEGUN, APPLIED, ROLLED_BACK))
"""Each run by its name: {name: {at, by, hosts: {host: {kind and name: digest} or null}}}."""
