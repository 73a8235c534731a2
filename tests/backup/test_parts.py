"""Backups of another host over real SSH: taken there, as root, by what `prepare` installs."""

from __future__ import annotations

import dataclasses
import os

import pytest

from backup import manifest, onhost, parts, restore, take
from backup.candidates import candidates
from backup.errors import SourceError
from inventory.errors import HoldfastError
from inventory.ssh import NotPreparedError
from tests.backup import away
from tests.backup.away import SYSTEM
from tests.backup.world import World
from tests.inventory.sshd import SshHost

pytestmark = [pytest.mark.restic, pytest.mark.ssh]


def test_a_far_host_is_backed_up_there_and_comes_back_with_owners_and_modes(far: World, ssh_host: SshHost) -> None:
    told: list[str] = []
    report = take.back_up(far.depot, SYSTEM, lambda text, _: told.append(text))
    assert (report.status, report.problems) == ("complete", ())
    assert any(text.startswith("far: db-1: reading /srv/far") for text in told)
    (record,) = far.ledger.read(kinds=("backup.finished",))
    (part,) = record.body["parts"]
    repository = far.depot.open(far.depot.vault("main"), SYSTEM)
    kept = {one.id: one for one in far.depot.restic.snapshots(repository)}
    assert kept[part].tags == ("system=far", "part=db-1/files")
    (candidate,) = candidates(far.depot, SYSTEM)
    assert (candidate.snapshot, candidate.files) == (report.snapshots[0], 8)
    document = restore.read_manifest(far.depot, repository, candidate)
    assert {source.snapshot for source in document.sources} == {part}
    assert document.canary == "2026-11-23T03:08:00.000000Z"
    assert not [path for path in (ssh_host.where / "over/var/lib/holdfast-copies").iterdir() if path.name != "cache"]

    targets = {"db-1": far.site.host("spare-1")}
    done = restore.restore_system(far.depot, candidate, targets, run_name="recover-1")
    assert (done.verified, done.problems, done.measured) == (True, (), True)
    lost, back = far.root / "db-1/srv", far.root / "spare-1/srv"
    expected = away.picture(lost)
    del expected["far/scratch.tmp"]
    database = back / "far/far.db"
    assert {name: one for name, one in away.picture(back).items() if name != "far/far.db"} == {
        name: one for name, one in expected.items() if name != "far/far.db"
    }
    assert (database.stat().st_uid, database.stat().st_gid) == (1234, 4321)
    again = restore.restore_system(far.depot, candidate, targets, run_name="recover-2")
    assert (again.verified, again.measured) == (True, False), "what is in place and equal is left alone"


def test_what_stands_in_the_way_there_is_refused_and_with_overwrite_kept_aside(far: World) -> None:
    assert take.back_up(far.depot, SYSTEM).status == "complete"
    there = far.root / "spare-1/srv/far"
    there.mkdir(parents=True)
    (there / "precious").write_text("precious")
    (candidate,) = candidates(far.depot, SYSTEM)
    targets = {"db-1": far.site.host("spare-1")}
    with pytest.raises(HoldfastError, match="there is data already at spare-1:/srv/far") as caught:
        restore.restore_system(far.depot, candidate, targets)
    assert caught.value.exit_code == 4
    assert restore.restore_system(far.depot, candidate, targets, overwrite=True).verified
    aside = next(path for path in there.parent.iterdir() if "replaced" in path.name)
    assert (aside / "precious").read_text() == "precious"


def test_a_far_source_that_is_missing_fails_the_backup(far: World) -> None:
    (far.root / "db-1/srv/far").rename(far.root / "db-1/srv/moved")
    report = take.back_up(far.depot, SYSTEM)
    assert report.status == "failed"
    assert isinstance(report.failure, SourceError)
    assert "db-1:/srv/far" in report.problems[0]


def test_files_that_change_meanwhile_are_marked_and_not_compared(far: World, monkeypatch: pytest.MonkeyPatch) -> None:
    file = far.root / "db-1/srv/far/files/document 0 [draft]*.txt"
    real = parts._of_host

    def meanwhile(*given: object) -> parts.Parts:
        file.write_bytes(os.urandom(3000))
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(parts, "_of_host", meanwhile)
    report = take.back_up(far.depot, SYSTEM)
    assert (report.status, len(report.problems)) == ("complete", 1)
    assert "changed while it was read" in report.problems[0]
    (candidate,) = candidates(far.depot, SYSTEM)
    assert restore.restore_system(far.depot, candidate, {"db-1": far.site.host("spare-1")}).verified


def test_a_host_that_is_not_prepared_for_this_version_is_told_with_the_next_command(
    far: World, ssh_host: SshHost
) -> None:
    away.install(ssh_host, copies=onhost.program() + b"\n")
    report = take.back_up(far.depot, SYSTEM)
    assert isinstance(report.failure, NotPreparedError)
    assert "another version" in report.problems[0]
    ssh_host.prepare(onhost.RESTIC)
    report = take.back_up(far.depot, SYSTEM)
    assert isinstance(report.failure, NotPreparedError)
    assert report.failure.hint == "holdfast inventory host prepare db-1"
    assert [one.body["status"] for one in far.ledger.read(kinds=("backup.finished",))] == ["failed", "failed"]


def test_parts_are_joined_and_named_in_the_manifest() -> None:
    one = parts.Parts([manifest.Source("a", "files", "/srv", "/srv", snapshot="1")], [], ["x"], 3)
    both = parts.joined([one, dataclasses.replace(one, problems=["y"])])
    assert (len(both.sources), both.problems, both.added) == (2, ["x", "y"], 6)
