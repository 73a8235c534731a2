"""The view of all copies, folded record by record; `history` reads it as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inventory import clock
from ledger.projection import Projection, State
from ledger.record import Record

KINDS = (
    "vault.made",
    "vault.retired",
    "repository.made",
    "backup.finished",
    "copy.finished",
    "check.finished",
    "copy.damaged",
    "restore.finished",
    "medium.prepared",
    "medium.attached",
    "medium.sealed",
    "medium.detached",
    "medium.probed",
)
_KEPT_SNAPSHOTS = 400
"""How many of a system's snapshots are kept in view, in each store."""
_KEPT_RESTORES = 50


def _fold(state: State, record: Record) -> None:
    body = record.body
    if record.kind.startswith("medium."):
        _fold_medium(state.setdefault("media", {}), record)
    elif record.kind == "vault.made":
        state.setdefault("vaults", {})[body["store"]] = body["id"]
    elif record.kind == "vault.retired":
        _forget(state, body["store"])
    elif record.kind == "repository.made":
        key = f"{body['kind']}/{body['store']}/{record.system}"
        state.setdefault("repositories", {})[key] = {"digest": body["digest"], "seq": record.seq}
    elif record.system is not None:
        own = state.setdefault("systems", {}).setdefault(record.system, {})
        _FOLDS[record.kind](own, record)


def _forget(state: State, vault: str) -> None:
    """Drop what is known of a vault that was lost for good."""
    state.get("vaults", {}).pop(vault, None)
    repositories = state.get("repositories", {})
    for key in [key for key in repositories if key.startswith(f"vault/{vault}/")]:
        del repositories[key]
    for own in state.get("systems", {}).values():
        kept = own.get("snapshots", [])
        own["snapshots"] = [item for item in kept if (item["kind"], item["store"]) != ("vault", vault)]
        own.get("checks", {}).pop(f"vault/{vault}", None)
        own.get("failures", {}).pop(f"vault/{vault}", None)


def _fold_backup(own: State, record: Record) -> None:
    body = record.body
    if _ended_well(own, record):
        item = {key: body[key] for key in ("snapshot", "at", "data_time", "files", "bytes", "seconds", "status")}
        _keep(own, record, item | {"original": body["snapshot"]})


def _fold_copy(own: State, record: Record) -> None:
    if not _ended_well(own, record):
        return
    known = {item["original"]: item for item in own.get("snapshots", [])}
    for arrived in record.body["arrived"]:
        if (first := known.get(arrived["original"])) is not None:
            _keep(own, record, first | {"snapshot": arrived["snapshot"]})


def _ended_well(own: State, record: Record) -> bool:
    body = record.body
    store = f"{body['kind']}/{body['store']}"
    failures = own.setdefault("failures", {})
    if body["status"] == "complete":
        failures.pop(store, None)
        return True
    failures[store] = {
        "kind": body["kind"],
        "store": body["store"],
        "at": clock.to_text(record.at),
        "status": body["status"],
        "problems": body["problems"],
        "seq": record.seq,
    }
    return bool(body.get("snapshot") or body.get("arrived"))


def _keep(own: State, record: Record, item: Mapping[str, Any]) -> None:
    store = record.body["kind"], record.body["store"]
    kept = {**item, "kind": store[0], "store": store[1], "stored_at": clock.to_text(record.at), "seq": record.seq}
    there = [other for other in own.get("snapshots", []) if (other["kind"], other["store"]) == store]
    again = [other for other in there if other["snapshot"] == kept["snapshot"]]
    dropped = again or there[: -_KEPT_SNAPSHOTS + 1]  # of this store only: frequent backups push no offline copy out
    own["snapshots"] = [*(other for other in own.get("snapshots", []) if other not in dropped), kept]


def _fold_check(own: State, record: Record) -> None:
    body = record.body
    if not body["done"]:
        return  # a check that could not run says nothing about the copy
    checks, where = own.setdefault("checks", {}), f"{body['kind']}/{body['store']}"
    if body["whole"] and not body["read_data"] and checks.get(where, {}).get("read_data"):
        return  # a whole structure neither takes back damage that reading every byte found, nor renews that reading
    names = ("kind", "store", "whole", "read_data", "problems", "seconds")
    checks[where] = {name: body[name] for name in names} | {"at": clock.to_text(record.at), "seq": record.seq}


def _fold_damage(own: State, record: Record) -> None:
    """Damage a restore met counts like damage that reading every byte found: only reading it again takes it back."""
    body = record.body
    item = {"kind": body["kind"], "store": body["store"], "problems": body["problems"], "seconds": 0.0}
    item |= {"whole": False, "read_data": True, "at": clock.to_text(record.at), "seq": record.seq}
    own.setdefault("checks", {})[f"{body['kind']}/{body['store']}"] = item


def _fold_restore(own: State, record: Record) -> None:
    if record.body["partial"]:
        return  # some files, or a restore that found the rest in place, say nothing about the whole system
    names = ("kind", "store", "snapshot", "files", "bytes", "seconds", "verified")
    item = {name: record.body[name] for name in names} | {"at": clock.to_text(record.at), "seq": record.seq}
    own["restores"] = [*own.get("restores", []), item][-_KEPT_RESTORES:]


def _fold_medium(media: State, record: Record) -> None:
    body, moment = record.body, clock.to_text(record.at)
    item = media.setdefault(body["store"], {"sealed_at": None, "reached": None, "probed_at": None})
    match record.kind.removeprefix("medium."):
        case "prepared":
            item |= {"id": body["id"], "state": "prepared", "since": moment}
        case "attached" | "detached" as state:
            item |= {"state": state, "since": moment, "reached": None, "probed_at": None}
        case "sealed":
            item["sealed_at"] = moment
        case _:
            item |= {"reached": body["reached"], "probed_at": moment}
    item["seq"] = record.seq


_FOLDS = {
    "backup.finished": _fold_backup,
    "copy.finished": _fold_copy,
    "check.finished": _fold_check,
    "copy.damaged": _fold_damage,
    "restore.finished": _fold_restore,
}

COPIES = Projection("copies", 4, _fold, KINDS)
