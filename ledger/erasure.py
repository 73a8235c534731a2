"""Erasing an object by law: what it is, what refers to it, and the record that stays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory import clock
from inventory.errors import RefusedError, UsageError
from ledger.ledger import Ledger
from ledger.objects import Objects, referred
from ledger.record import Record

ERASED = "object.erased"
_MOST_SHOWN = 1000


@dataclass(frozen=True)
class Plan:
    """What will be erased: the object, its size in bytes, why, and the records that refer to it (numbers and kinds).

    `recorded`: the erasure is on record already and only has to be finished.
    """

    object: str
    size: int
    reason: str
    referred_by: tuple[tuple[int, str], ...]
    recorded: Record | None = None

    @property
    def digest(self) -> str:
        """Return what an approval is bound to: the object, its size and the reason (SHA-256 in hex)."""
        content = {"erase": self.object, "size": self.size, "reason": self.reason}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def action(self) -> str:
        """Return the action's name in the text that is signed."""
        return f"ledger erase {self.object}"


def plan(ledger: Ledger, objects: Objects, name: str, reason: str) -> Plan:
    """Look at what would be erased; changes nothing.

    Raises:
        UsageError: there is no such object, or no reason.
        LedgerError: something cannot be read.
    """
    if not reason.strip():
        raise UsageError("an erasure needs a reason", hint='--reason "the law and the request it is done for"')
    file = objects.path(name)
    recorded = next((record for record in ledger.read(kinds=[ERASED]) if record.body.get("object") == name), None)
    if not file.exists() and recorded is None:
        raise UsageError(f"there is no object {name}", hint="objects are named in records: holdfast ledger show --json")
    found = tuple((each.seq, each.kind) for each in referring(ledger, name))
    if recorded is not None:
        return Plan(name, int(recorded.body["size"]), str(recorded.body["reason"]), found, recorded)
    return Plan(name, file.stat().st_size, reason.strip(), found)


def referring(ledger: Ledger, name: str) -> list[Record]:
    """Return the records that refer to an object, except the one of its erasure."""
    found = ledger.store.containing(name.encode())
    return [record for record in found if record.kind != ERASED and name in referred(record.body)]


def carry_out(ledger: Ledger, objects: Objects, plan: Plan, approval: Mapping[str, Any]) -> Record:
    """Record the erasure, then erase; `approval` is what the ledger keeps of it. Killed in between, it is done again.

    Raises:
        RefusedError: it was erased and finished before.
        LedgerError: not recorded, or recorded and not finished.
    """
    record = plan.recorded
    if record is not None and objects.tombstone(plan.object) is not None and not objects.path(plan.object).exists():
        raise RefusedError(f"object {plan.object[:12]} was erased before, by record {record.seq}", hint="nothing to do")
    if record is None:
        shown = [seq for seq, _ in plan.referred_by[:_MOST_SHOWN]]
        body = {"object": plan.object, "size": plan.size, "reason": plan.reason, "referred_by": shown}
        record = ledger.append(ERASED, body | {"approval": dict(approval)})
    who = record.body["approval"].get("person", "")
    objects.erase(
        plan.object,
        {
            "object": plan.object,
            "reason": plan.reason,
            "by": record.actor,
            "approved_by": who,
            "at": clock.to_text(record.at),
            "record": record.seq,
        },
    )
    return record
