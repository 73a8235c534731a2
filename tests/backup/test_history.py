from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from backup.history import state_of
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock

AT = "2026-11-23T03:00:00.000000Z"


def backed_up(snapshot: str | None = "a1", status: str = "complete", at: str = AT, **more: Any) -> Mapping[str, Any]:
    return {
        "kind": "vault",
        "store": "main",
        "status": status,
        "snapshot": snapshot,
        "at": at,
        "data_time": None,
        "files": 3,
        "bytes": 70,
        "seconds": 1.5,
        "problems": [],
        **more,
    }


def copied(*arrived: tuple[str, str], status: str = "complete") -> Mapping[str, Any]:
    pairs = [{"original": original, "snapshot": there} for original, there in arrived]
    return {"kind": "medium", "store": "weekly-a", "status": status, "arrived": pairs, "problems": ["full"]}


def test_an_empty_ledger_knows_no_copy(ledger: Ledger) -> None:
    copies = state_of(ledger)
    assert copies.newest("edoc") is None
    assert copies.snapshots("edoc") == []
    assert copies.failures("edoc") == []
    assert copies.check("edoc", "vault", "main") is None
    assert copies.restores("edoc") == []
    assert copies.media == {}
    assert copies.repository("vault", "main", "edoc") is None
    assert copies.vault_id("main") is None


def test_the_newest_is_by_the_time_of_its_data_not_by_when_it_was_recorded(ledger: Ledger) -> None:
    ledger.append("backup.finished", backed_up("new", at="2026-11-23T03:00:00.000000Z"), system="edoc")
    ledger.append("backup.finished", backed_up("old", at="2026-11-22T03:00:00.000000Z"), system="edoc")
    newest = state_of(ledger).newest("edoc")
    assert newest is not None
    assert newest.snapshot == "new"
    assert newest.seq == 1


def test_an_incomplete_backup_is_kept_but_is_not_the_newest_good_one(ledger: Ledger) -> None:
    ledger.append("backup.finished", backed_up("a1"), system="edoc")
    ledger.append("backup.finished", backed_up("a2", "incomplete", problems=["/x: denied"]), system="edoc")
    copies = state_of(ledger)
    assert [kept.snapshot for kept in copies.snapshots("edoc")] == ["a1", "a2"]
    newest = copies.newest("edoc")
    assert newest is not None
    assert newest.snapshot == "a1"
    assert copies.failures("edoc")[0].problems == ["/x: denied"]


def test_a_failed_backup_leaves_no_snapshot_and_its_reason(ledger: Ledger) -> None:
    ledger.append("backup.finished", backed_up(None, "failed", problems=["the vault is gone"]), system="edoc")
    copies = state_of(ledger)
    assert copies.snapshots("edoc") == []
    assert copies.failures("edoc")[0].status == "failed"


def test_a_copy_inherits_what_is_known_of_its_original(ledger: Ledger, clock: FakeClock) -> None:
    ledger.append("backup.finished", backed_up("a1"), system="edoc")
    clock.advance(hours=1)
    ledger.append("copy.finished", copied(("a1", "m1"), ("never-seen", "m2")), system="edoc")
    kept = state_of(ledger).newest("edoc", "medium", "weekly-a")
    assert kept is not None
    assert (kept.snapshot, kept.original, kept.bytes) == ("m1", "a1", 70)
    assert kept.stored_at == clock.now()
    assert len(state_of(ledger).snapshots("edoc")) == 2


def test_a_failed_copy_brings_nothing_and_is_told(ledger: Ledger) -> None:
    ledger.append("backup.finished", backed_up("a1"), system="edoc")
    ledger.append("copy.finished", copied(status="failed"), system="edoc")
    copies = state_of(ledger)
    assert copies.newest("edoc", "medium") is None
    assert [failure.store for failure in copies.failures("edoc")] == ["weekly-a"]


def test_a_proof_is_lost_when_a_medium_is_attached_again(ledger: Ledger) -> None:
    for kind, body in (
        ("prepared", {"id": "1"}),
        ("attached", {}),
        ("sealed", {}),
        ("detached", {}),
        ("probed", {"reached": False}),
    ):
        ledger.append(f"medium.{kind}", {"store": "weekly-a", **body})
    assert state_of(ledger).media["weekly-a"].proved_offline
    ledger.append("medium.attached", {"store": "weekly-a"})
    medium = state_of(ledger).media["weekly-a"]
    assert not medium.proved_offline
    assert medium.sealed_at is not None
    assert medium.as_json()["state"] == "attached"


def test_repositories_are_known_by_store_and_system(ledger: Ledger) -> None:
    for system in ("sso", "edoc"):
        ledger.append("repository.made", {"kind": "medium", "store": "weekly-a", "digest": system}, system=system)
    ledger.append("repository.made", {"kind": "vault", "store": "main", "digest": "v"}, system="sso")
    copies = state_of(ledger)
    assert {key: known.digest for key, known in copies.repositories("medium", "weekly-a").items()} == {
        "sso": "sso",
        "edoc": "edoc",
    }
    known = copies.repository("vault", "main", "sso")
    assert known is not None
    assert known.digest == "v"


def checked(whole: bool, read_data: bool) -> Mapping[str, Any]:
    problems = [] if whole else ["a pack is damaged"]
    names = {"kind": "vault", "store": "main", "whole": whole, "read_data": read_data}
    return {**names, "problems": problems, "seconds": 1.0, "done": True}


def test_a_whole_structure_does_not_take_back_damage_that_reading_every_byte_found(ledger: Ledger) -> None:
    ledger.append("check.finished", checked(whole=False, read_data=True), system="edoc")
    ledger.append("check.finished", checked(whole=True, read_data=False), system="edoc")
    assert state_of(ledger).damaged("edoc", "vault", "main")
    ledger.append("check.finished", checked(whole=True, read_data=True), system="edoc")
    assert not state_of(ledger).damaged("edoc", "vault", "main")


def test_a_look_at_the_structure_keeps_the_proof_of_every_byte_and_damage_in_it_counts(ledger: Ledger) -> None:
    ledger.append("check.finished", checked(whole=True, read_data=True), system="edoc")
    ledger.append("check.finished", checked(whole=True, read_data=False), system="edoc")
    kept = state_of(ledger).check("edoc", "vault", "main")
    assert kept is not None
    assert (kept.read_data, kept.seq) == (True, 1)
    ledger.append("check.finished", checked(whole=False, read_data=False), system="edoc")
    assert state_of(ledger).damaged("edoc", "vault", "main")
    ledger.append("check.finished", checked(whole=True, read_data=False), system="edoc")
    assert not state_of(ledger).damaged("edoc", "vault", "main")


def test_frequent_backups_never_push_an_offline_copy_out_of_view(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backup.projection._KEPT_SNAPSHOTS", 3)
    ledger.append("backup.finished", backed_up("first"), system="edoc")
    ledger.append("copy.finished", copied(("first", "away")), system="edoc")
    for number in range(5):
        ledger.append("backup.finished", backed_up(f"later {number}"), system="edoc")
    copies = state_of(ledger)
    assert [kept.snapshot for kept in copies.snapshots("edoc")] == ["away", "later 2", "later 3", "later 4"]
    offline = copies.newest("edoc", "medium", "weekly-a")
    assert offline is not None
    assert offline.original == "first"
