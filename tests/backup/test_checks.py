from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from backup import checks, errors, media
from backup.candidates import candidates
from inventory.errors import ExitCode
from tests.backup.damage import spoil_a_pack
from tests.backup.world import LABEL, SYSTEM, World

pytestmark = pytest.mark.restic


def test_a_whole_copy_is_whole_and_recorded(copied: World) -> None:
    reports = [*checks.check_stores(copied.depot, None, read_data=False)]
    reports += checks.check_stores(copied.depot, LABEL, read_data=True)
    assert [(report.store, report.whole, report.verdict) for report in reports] == [
        ("main", True, "whole"),
        (LABEL, True, "whole"),
    ]
    checked = copied.depot.copies().check(SYSTEM, "medium", LABEL)
    assert checked is not None
    assert checked.whole
    assert checked.read_data


def test_one_flipped_bit_is_found_by_reading_every_byte_and_the_copy_becomes_suspect(copied: World) -> None:
    spoil_a_pack(copied.offline / SYSTEM)
    report = checks.check_stores(copied.depot, LABEL, read_data=True)[0]
    assert (report.verdict, report.exit_code) == ("DAMAGED", ExitCode.FINDINGS)
    assert len(report.problems) == 1
    assert report.problems[0].startswith("1 pack damaged: ")
    suspect = next(one for one in candidates(copied.depot, SYSTEM) if one.store == LABEL)
    assert "damage" in suspect.suspect
    assert suspect.checked_at is None


def test_a_check_that_could_not_run_is_no_verdict_on_the_copy(copied: World) -> None:
    checks.check_stores(copied.depot, "main", read_data=True)
    shutil.rmtree(copied.vault / SYSTEM)
    report = checks.check_stores(copied.depot, "main", read_data=True)[0]
    assert (report.verdict, report.exit_code) == ("not checked", ExitCode.UNFINISHED)
    checked = copied.depot.copies().check(SYSTEM, "vault", "main")
    assert checked is not None
    assert checked.whole


def test_a_lock_without_proof_stays_and_its_owner_is_named(copied: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backup.restic_command._LOCK_PATIENCE", "0s")
    repository = copied.depot.open(copied.depot.vault("main"), SYSTEM)
    name = _foreign_lock(copied)
    report = checks.check_stores(copied.depot, "main", read_data=False)[0]
    assert isinstance(report.failure, errors.RepositoryLockedError)
    assert "process" in report.problems[0]
    assert "sure it is dead" in report.failure.hint
    assert (Path(repository.location) / "locks" / name).exists()


def _foreign_lock(world: World) -> str:
    """Leave the lock of a killed restic that no run of ours started."""
    store = world.depot.vault("main")
    repository = world.depot.open(store, SYSTEM)
    argv = [world.depot.restic.program.path, "-r", repository.location, "--password-file"]
    argv += [str(world.depot.key_file(store, SYSTEM)), "backup", "--stdin"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=dict(os.environ)) as process:
        deadline = time.monotonic() + 30
        while not (names := [file.name for file in (Path(repository.location) / "locks").glob("?" * 64)]):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    return names[0]


def test_what_was_never_used_cannot_be_checked(world: World) -> None:
    with pytest.raises(errors.RepositoryMissingError):
        checks.check_stores(world.depot, None, read_data=False)
    media.prepare(world.depot, LABEL)
    media.attach(world.depot, LABEL)
    with pytest.raises(errors.RepositoryMissingError):
        checks.check_stores(world.depot, LABEL, read_data=False)
