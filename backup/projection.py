"""The view of all copies, folded record by record; `history` reads it as typed values.

Parts, each read only where it is asked for:

- `now/SYSTEM`: what most commands need: {stores, newest, failures, checks, repositories, restore}, by `KIND/STORE`
- `now/:vaults`, `now/:media`: ids of vaults, states of media
- `order/SYSTEM/KIND:STORE`: the snapshots kept in view, by the ids they were first taken under (their beginnings, 96
  bits), oldest first
- `kept/SYSTEM/KIND:STORE:ID`: one of these snapshots
- `restored/SYSTEM/all`: measured restores
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
_ID = 24

Own = dict[str, Any]
"""One system's summary, or the media by label."""


def _fold(state: State, record: Record) -> None:
    body = record.body
    if record.kind.startswith("medium."):
        _fold_medium(state.setdefault("now/:media", {}), record)
    elif record.kind == "vault.made":
        state.setdefault("now/:vaults", {})[body["store"]] = body["id"]
    elif record.kind == "vault.retired":
        _forget(state, body["store"])
    elif record.system is not None:
        _FOLDS[record.kind](state, state.setdefault(f"now/{record.system}", {}), record)


def _forget(state: State, vault: str) -> None:
    """Drop what is known of a vault that was lost for good."""
    state.get("now/:vaults", {}).pop(vault, None)
    where = f"vault/{vault}"
    for part in state.plain("now"):
        system = part.removeprefix("now/")
        if system.startswith(":"):
            continue
        own = state[part]
        for names in ("newest", "failures", "checks", "repositories"):
            own.get(names, {}).pop(where, None)
        if where in own.get("stores", ()):
            own["stores"].remove(where)
            for original in state.pop(_order(system, where)):
                state.discard(_snapshot(system, where, original))


def _order(system: str, where: str) -> str:
    return f"order/{system}/{where.replace('/', ':')}"


def _snapshot(system: str, where: str, original: str) -> str:
    return f"kept/{system}/{where.replace('/', ':')}:{original[:_ID]}"


def _fold_repository(_: State, own: Own, record: Record) -> None:
    own.setdefault("repositories", {})[_where(record)] = {"digest": record.body["digest"], "seq": record.seq}


def _fold_backup(state: State, own: Own, record: Record) -> None:
    body = record.body
    if _ended_well(own, record):
        item = {key: body[key] for key in ("snapshot", "at", "data_time", "files", "bytes", "seconds", "status")}
        parts = {"parts": body["parts"]} if body.get("parts") else {}
        _keep(state, own, record, item | {"original": body["snapshot"]} | parts)


def _fold_copy(state: State, own: Own, record: Record) -> None:
    if not _ended_well(own, record):
        return
    known = {
        original: item
        for original in [arrived["original"] for arrived in record.body["arrived"]]
        for where in own.get("stores", ())
        if (item := state.get(_snapshot(record.system or "", where, original))) is not None
    }
    for arrived in record.body["arrived"]:
        if (first := known.get(arrived["original"])) is not None:
            _keep(state, own, record, first | {"snapshot": arrived["snapshot"]})


def _ended_well(own: Own, record: Record) -> bool:
    body = record.body
    store = _where(record)
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


def _keep(state: State, own: Own, record: Record, item: Mapping[str, Any]) -> None:
    system, where, original = record.system or "", _where(record), item["original"][:_ID]
    if where not in own.setdefault("stores", []):
        own["stores"].append(where)
    kept = {**item, "kind": record.body["kind"], "store": record.body["store"]}
    kept |= {"stored_at": clock.to_text(record.at), "seq": record.seq}
    order = state.setdefault(_order(system, where), [])
    if original in order:
        order.remove(original)
    order.append(original)
    state.put(_snapshot(system, where, original), kept)
    dropped = order[:-_KEPT_SNAPSHOTS]  # of this store only: frequent backups push no offline copy out
    del order[:-_KEPT_SNAPSHOTS]
    for one in dropped:
        state.discard(_snapshot(system, where, one))
    newest = own.setdefault("newest", {})
    there = newest.get(where)
    if there is not None and there["original"][:_ID] in {original, *dropped}:
        found = _newest(state[_snapshot(system, where, one)] for one in order)
    else:
        found = _newest(filter(None, (there, kept)))
    newest |= {where: found}


def _newest(items: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    complete = (item for item in items if item["status"] == "complete")
    return max(complete, key=lambda item: (clock.from_text(item["at"]), item["stored_at"]), default=None)


def _fold_check(_: State, own: Own, record: Record) -> None:
    body = record.body
    if not body["done"]:
        return  # a check that could not run says nothing about the copy
    checks, where = own.setdefault("checks", {}), _where(record)
    if body["whole"] and not body["read_data"] and checks.get(where, {}).get("read_data"):
        return  # a whole structure neither takes back damage that reading every byte found, nor renews that reading
    names = ("kind", "store", "whole", "read_data", "problems", "seconds")
    checks[where] = {name: body[name] for name in names} | {"at": clock.to_text(record.at), "seq": record.seq}


def _fold_damage(_: State, own: Own, record: Record) -> None:
    """Damage a restore met counts like damage that reading every byte found: only reading it again takes it back."""
    body = record.body
    item = {"kind": body["kind"], "store": body["store"], "problems": body["problems"], "seconds": 0.0}
    item |= {"whole": False, "read_data": True, "at": clock.to_text(record.at), "seq": record.seq}
    own.setdefault("checks", {})[_where(record)] = item


def _fold_restore(state: State, own: Own, record: Record) -> None:
    if record.body["partial"]:
        return  # some files, or a restore that found the rest in place, say nothing about the whole system
    names = ("kind", "store", "snapshot", "files", "bytes", "seconds", "verified")
    item = {name: record.body[name] for name in names} | {"at": clock.to_text(record.at), "seq": record.seq}
    part = f"restored/{record.system}/all"
    state[part] = [*state.get(part, []), item][-_KEPT_RESTORES:]
    own["restore"] = item


def _where(record: Record) -> str:
    return f"{record.body['kind']}/{record.body['store']}"


def _fold_medium(media: Own, record: Record) -> None:
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


_FOLDS: Mapping[str, Callable[[State, Own, Record], None]] = {
    "repository.made": _fold_repository,
    "backup.finished": _fold_backup,
    "copy.finished": _fold_copy,
    "check.finished": _fold_check,
    "copy.damaged": _fold_damage,
    "restore.finished": _fold_restore,
}

COPIES = Projection("copies", 7, _fold, KINDS)
