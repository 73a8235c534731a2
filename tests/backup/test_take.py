from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from backup import errors, locks, media, sources, take, transfer
from inventory.errors import ExitCode, UsageError
from tests import tools
from tests.backup.world import FILES, LABEL, SYSTEM, World

pytestmark = pytest.mark.restic

_RUN = "from backup.take import back_up; from tests.backup.world import World; from pathlib import Path; import sys; "
_CHILD = _RUN + "report = back_up(World(Path(sys.argv[1])).depot, 'edoc'); print(report.status, report.problems)"


def child(world: World, *prefix: str, code: str = _CHILD) -> subprocess.Popen[str]:
    """Run a backup in a process of its own."""
    argv = [*prefix, sys.executable, "-c", code, str(world.root)]
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tools.CHECKOUT), *sys.path]),
        "HOLDFAST_RESTIC": str(tools.require("restic")),
    }
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd="/")


def test_a_backup_is_complete_counted_and_recorded(backed_up: World) -> None:
    report = take.back_up(backed_up.depot, SYSTEM)
    assert (report.status, report.problems, report.exit_code) == ("complete", (), ExitCode.DONE)
    assert report.files == FILES + 1
    kept = backed_up.depot.copies().newest(SYSTEM)
    assert kept is not None
    assert (kept.snapshot, kept.files, kept.bytes) == (report.snapshots[0], report.files, report.bytes)
    assert kept.data_time is not None


def test_the_documented_shape_is_kept(backed_up: World) -> None:
    shape = take.back_up(backed_up.depot, SYSTEM).as_json()
    assert list(shape) == ["system", "status", "snapshots", "files", "bytes", "seconds", "problems"]


def test_nothing_staged_stays_behind(backed_up: World) -> None:
    take.back_up(backed_up.depot, SYSTEM)
    assert not list((backed_up.state / "staging").rglob("*.db"))


def test_a_failure_is_in_the_ledger_until_a_good_run_follows(backed_up: World) -> None:
    hidden = backed_up.data.with_name("hidden")
    backed_up.data.rename(hidden)
    report = take.back_up(backed_up.depot, SYSTEM)
    assert (report.status, report.snapshots, report.exit_code) == ("failed", (), ExitCode.UNFINISHED)
    assert "missing" in backed_up.depot.copies().failures(SYSTEM)[0].problems[0]
    hidden.rename(backed_up.data)
    assert take.back_up(backed_up.depot, SYSTEM).status == "complete"
    assert backed_up.depot.copies().failures(SYSTEM) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody who may not read a file")
def test_an_unreadable_file_makes_it_incomplete_and_the_snapshot_is_kept(tmp_path: Path, backed_up: World) -> None:
    place = Path("/var/tmp") / f"holdfast-test-{os.getpid()}"
    subprocess.run(["cp", "-a", backed_up.root, place], check=True)
    try:
        moved = World(place)
        inventory = place / "site/inventory/edoc.yml"
        inventory.write_text(inventory.read_text().replace(str(backed_up.root), str(place)))
        subprocess.run(["chown", "-R", "65534:65534", place], check=True)
        secret = moved.data / "files" / "document 5 [draft]*.txt"
        os.chown(secret, 0, 0)
        secret.chmod(0o600)
        run = child(moved, "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
        out, err = run.communicate(timeout=60)
        if not out and "ermission" in err:
            pytest.skip("the checkout cannot be read by an ordinary user")
        assert out.startswith("incomplete"), err
        assert "document 5" in out
        newest = moved.depot.copies().snapshots(SYSTEM)[-1]
        assert newest.status == "incomplete"
        assert (moved.vault / SYSTEM / "snapshots" / newest.snapshot).exists()
    finally:
        subprocess.run(["rm", "-rf", place], check=True)


def test_files_that_change_while_they_are_read_are_named_not_a_false_alarm(
    backed_up: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = backed_up.data / "files" / "service.log"
    log.write_text("first line\n")
    write = sources.write

    def write_and_change(prepared: sources.Prepared) -> None:
        write(prepared)
        with log.open("a") as file:
            file.write("another line\n")

    monkeypatch.setattr(sources, "write", write_and_change)
    report = take.back_up(backed_up.depot, SYSTEM)
    assert report.status == "complete"
    assert report.problems == ("documents-1:/srv/edoc/files/service.log: changed while it was read",)


def test_due_systems_are_those_whose_copy_is_old(backed_up: World) -> None:
    assert take.due_now(backed_up.depot) == []
    later = backed_up.depot.clock.now() + timedelta(hours=7)
    backed_up.ledger.clock = _Stopped(later)  # type: ignore[assignment]
    assert take.choose(backed_up.depot, [], due=True, everything=False) == [SYSTEM]


class _Stopped:
    def __init__(self, now: object) -> None:
        self._now = now

    def now(self) -> object:
        return self._now


def test_asking_for_nothing_or_for_both_is_a_usage_error(world: World) -> None:
    with pytest.raises(UsageError, match="which systems"):
        take.choose(world.depot, [], due=False, everything=False)
    with pytest.raises(UsageError, match="not both"):
        take.choose(world.depot, [SYSTEM], due=False, everything=True)
    with pytest.raises(UsageError, match="nowhere"):
        take.choose(world.depot, ["nowhere"], due=False, everything=False)


def test_no_secret_is_ever_in_an_argument_or_an_environment(world: World) -> None:
    """Watch every process of this machine while repositories are made, filled and copied."""
    seen: set[bytes] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                for part in ("cmdline", "environ"):
                    with suppress(OSError):
                        seen.add((process / part).read_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        assert take.back_up(world.depot, SYSTEM).status == "complete"
        media.prepare(world.depot, LABEL)
        media.attach(world.depot, LABEL)
        assert transfer.copy_to(world.depot, LABEL, [SYSTEM])[0].status == "complete"
    finally:
        stop.set()
        watcher.join()
    keys = [file.read_bytes() for file in (world.state / "keys").rglob("*") if file.name == SYSTEM]
    assert len(keys) == 2
    assert any(b"--from-password-file" in content for content in seen), "the watcher saw the copy run"
    for key in keys:
        assert not any(key in content for content in seen)
        assert not any(key in record.payload for record in world.ledger.read())


def _wait_for_lock(world: World) -> None:
    deadline = time.monotonic() + 30
    while not any((world.vault / SYSTEM / "locks").glob("?" * 64)):
        assert time.monotonic() < deadline, "restic never took its lock"
        time.sleep(0.005)


def _restics(world: World) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes()
            if str(world.vault).encode() in words and words.startswith(str(tools.require("restic")).encode()):
                found.append(int(process.name))
    return found


def test_after_sigkill_of_everything_the_next_run_works_and_the_dead_lock_goes(backed_up: World) -> None:
    (backed_up.data / "files" / "large").write_bytes(os.urandom(60_000_000))
    run = child(backed_up)
    _wait_for_lock(backed_up)
    for pid in _restics(backed_up):
        os.kill(pid, signal.SIGKILL)
    run.kill()
    run.wait()
    assert any((backed_up.vault / SYSTEM / "locks").iterdir()), "the killed restic left its lock"
    report = take.back_up(backed_up.depot, SYSTEM)
    assert report.status == "complete"
    assert any("left by a dead run was removed" in problem for problem in report.problems)
    assert list((backed_up.vault / SYSTEM / "locks").glob("?" * 64)) == []
    assert [record.kind for record in backed_up.ledger.read(kinds=["lock.removed"])]


def test_after_ctrl_c_no_restic_and_no_lock_is_left(backed_up: World) -> None:
    (backed_up.data / "files" / "large").write_bytes(os.urandom(60_000_000))
    run = child(backed_up)
    _wait_for_lock(backed_up)
    run.send_signal(signal.SIGINT)
    run.wait(timeout=30)
    assert _restics(backed_up) == []
    assert list((backed_up.vault / SYSTEM / "locks").iterdir()) == []
    assert take.back_up(backed_up.depot, SYSTEM).status == "complete"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small disk")
def test_a_full_vault_fails_with_what_to_do_and_loses_nothing(backed_up: World) -> None:
    old = backed_up.vault.with_name("old-vault")
    backed_up.vault.rename(old)
    backed_up.vault.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", backed_up.vault], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine does not let root mount")
    try:
        subprocess.run(["cp", "-a", f"{old}/.", backed_up.vault], check=True)
        (backed_up.data / "files" / "large").write_bytes(os.urandom(9_000_000))
        report = take.back_up(backed_up.depot, SYSTEM)
        assert (report.status, report.exit_code) == ("failed", ExitCode.UNFINISHED)
        assert report.failure is not None
        assert "make room" in report.failure.hint
        (backed_up.data / "files" / "large").unlink()
        assert len(backed_up.depot.restic.snapshots(backed_up.depot.open(backed_up.depot.vault("main"), SYSTEM))) == 1
    finally:
        subprocess.run(["umount", backed_up.vault], check=True)


def test_while_another_run_works_on_it_a_backup_fails_and_says_so(backed_up: World) -> None:
    store = backed_up.depot.vault("main")
    with backed_up.depot.turn(store, SYSTEM, backed_up.depot.open(store, SYSTEM)):
        report = take.back_up(backed_up.depot, SYSTEM)
    assert isinstance(report.failure, errors.RepositoryLockedError)


def test_two_backups_of_one_system_do_not_mix_their_staged_data(backed_up: World) -> None:
    with locks.turn(backed_up.state / "turns", f"the backup of {SYSTEM}", backed_up.depot.clock.now()):
        before = len(list(backed_up.ledger.read()))
        report = take.back_up(backed_up.depot, SYSTEM)
    assert isinstance(report.failure, errors.RepositoryLockedError)
    assert len(list(backed_up.ledger.read())) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_vault_is_named(world: World) -> None:
    world.vault.chmod(0o500)
    report = take.back_up(world.depot, SYSTEM)
    assert isinstance(report.failure, errors.StorageError)
