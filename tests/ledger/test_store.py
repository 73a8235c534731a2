from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from inventory.errors import ExitCode
from ledger.errors import LedgerError
from ledger.ledger import LEDGER_FILE, Ledger
from ledger.store import Store
from tests.fakes.clock import FakeClock
from tests.ledger.fixtures import Place

CHECKOUT = Path(__file__).parents[2]


def _append(place: Place, writer: int, count: int) -> None:
    ledger = place.open(f"writer-{writer}")
    for number in range(count):
        ledger.append("test", {"writer": writer, "n": number})


def append_at_once(place: Place, writers: int, count: int) -> None:
    processes = [
        multiprocessing.get_context("spawn").Process(target=_append, args=(place, writer, count))
        for writer in range(writers)
    ]
    for process in processes:
        process.start()
    reader = place.open("reader")
    while any(process.is_alive() for process in processes):
        seen = [record.seq for record in reader.read()]
        assert seen == list(range(1, len(seen) + 1))
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * writers
    verdict = reader.verify()
    assert (verdict.records, verdict.faults) == (writers * count, ())
    for writer in range(writers):
        assert [r.body["n"] for r in reader.read() if r.body["writer"] == writer] == list(range(count))
    reader.close()


def test_eight_processes_append_at_once_and_nothing_is_lost_or_seen_out_of_order(place: Place) -> None:
    append_at_once(place, 8, 50)


@pytest.mark.slow
def test_eight_processes_append_a_thousand_each_and_nothing_is_lost(place: Place) -> None:
    append_at_once(place, 8, 1000)


APPENDER = """
import sys
from pathlib import Path
from tests.ledger.fixtures import Place
url, password_file = sys.argv[2:]
place = Place(Path(sys.argv[1]), url, Path(password_file) if url else None)
ledger = place.open("minh")
while True:
    print(ledger.append("test", {"text": "x" * 2000}).hash, flush=True)
"""


def appending(place: Place) -> subprocess.Popen[str]:
    """Append in another process, which prints the hash of what it was told is recorded."""
    arguments = (str(place.state), place.url, str(place.password_file))
    return subprocess.Popen(
        [sys.executable, "-c", APPENDER, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=CHECKOUT,
    )


def acknowledged_until_end(process: subprocess.Popen[str], first: str) -> list[str]:
    assert process.stdout is not None
    said = first + process.stdout.read()
    process.wait()
    return [line.strip() for line in said.splitlines(keepends=True) if line.endswith("\n")]


def killed_while_appending(place: Place, after: float) -> list[str]:
    """Kill a process that appends `after` seconds of work, and return the hashes it acknowledged."""
    with appending(place) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        return acknowledged_until_end(process, first)


ROUNDS = pytest.mark.parametrize(
    "rounds", [20, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(7200)])], ids=["ordinary", "slow"]
)


def assert_nothing_lost(place: Place, acknowledged: list[str], rounds: int) -> None:
    ledger = place.open("reader")
    verdict = ledger.verify()
    assert verdict.faults == ()
    assert set(acknowledged) <= {record.hash for record in ledger.read()}
    assert len(acknowledged) >= rounds
    ledger.close()


@ROUNDS
def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(place: Place, rounds: int) -> None:
    chance = random.Random(20261123)
    acknowledged: list[str] = []
    for _ in range(rounds):
        acknowledged += killed_while_appending(place, chance.uniform(0, 0.1))
    assert_nothing_lost(place, acknowledged, rounds)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 KiB of its own."""
    place, mount, umount = tmp_path / "small", shutil.which("mount"), shutil.which("umount")
    place.mkdir()
    if os.getuid() != 0 or mount is None or umount is None:
        pytest.skip("mounting a small file system needs root")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=300k", "none", str(place)], check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a small file system")
    yield place
    subprocess.run([umount, str(place)], check=True)


def test_a_full_disk_is_told_with_the_next_step_and_nothing_is_claimed(small_disk: Path) -> None:
    ledger = Ledger.open(small_disk, FakeClock(), "minh")
    acknowledged = []
    with pytest.raises(LedgerError, match="full") as caught:
        for _ in range(1000):
            acknowledged.append(ledger.append("test", {"text": "x" * 2000}).hash)
    assert caught.value.exit_code == ExitCode.UNFINISHED
    assert "make room on the disk" in caught.value.hint
    assert acknowledged
    assert [record.hash for record in ledger.read()] == acknowledged
    assert ledger.verify().whole
    ledger.close()


LIMITED = """
import resource, signal, sys
from pathlib import Path
from ledger.ledger import Ledger
from ledger.errors import LedgerError
from tests.fakes.clock import FakeClock
from tests.ledger.fixtures import Place
ledger = Ledger.open(Path(sys.argv[1]), FakeClock(), "minh")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    while True:
        print(ledger.append("test", {"text": "x" * 2000}).hash)
except LedgerError as error:
    print(error.hint, file=sys.stderr)
"""


def test_a_file_that_may_not_grow_is_told_and_nothing_is_claimed(state: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, str(state)], capture_output=True, text=True, cwd=CHECKOUT, check=True
    )
    assert "make room on the disk" in ended.stderr
    ledger = Ledger.open(state, FakeClock(), "minh")
    assert [record.hash for record in ledger.read()] == ended.stdout.split()
    assert ledger.verify().whole


def test_a_failed_append_leaves_the_ledger_usable(small_disk: Path) -> None:
    ledger = Ledger.open(small_disk, FakeClock(), "minh")
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"):
        filler.write_bytes(b"x" * 1_000_000)
    with pytest.raises(LedgerError):
        for _ in range(100):
            ledger.append("test", {"text": "x" * 2000})
    filler.unlink()
    before = len(list(ledger.read()))
    ledger.append("test", {"text": "x" * 2000})
    assert len(list(ledger.read())) == before + 1
    ledger.close()


def test_a_directory_that_may_only_be_read_is_told_with_the_next_step(state: Path) -> None:
    Ledger.open(state, FakeClock(), "minh").close()
    state.chmod(0o500)
    (state / LEDGER_FILE).chmod(0o400)
    try:
        if os.access(state, os.W_OK):
            pytest.skip("this user may write everywhere")
        with pytest.raises(LedgerError, match="cannot be used") as caught:
            Ledger.open(state, FakeClock(), "minh").append("test", {})
        assert "must be writable" in caught.value.hint
    finally:
        state.chmod(0o700)


def test_a_file_system_that_may_only_be_read_is_told_with_the_next_step(small_disk: Path) -> None:
    ledger = Ledger.open(small_disk, FakeClock(), "minh")
    ledger.append("test", {})
    ledger.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(LedgerError, match="cannot be used") as caught:
        Ledger.open(small_disk, FakeClock(), "minh").append("test", {})
    assert "must be writable" in caught.value.hint


def test_a_place_where_no_ledger_can_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="cannot be used"):
        Ledger.open(tmp_path / "file" / "state", FakeClock(), "minh")
    (tmp_path / LEDGER_FILE).mkdir()
    with pytest.raises(LedgerError, match="cannot be used"):
        Ledger.open(tmp_path, FakeClock(), "minh")


def test_a_file_that_is_no_database_is_refused_and_kept(state: Path) -> None:
    (state / LEDGER_FILE).write_bytes(b"encrypted by somebody" * 1000)
    with pytest.raises(LedgerError, match="not a database") as caught:
        Ledger.open(state, FakeClock(), "minh")
    assert "keep it" in caught.value.hint
    assert (state / LEDGER_FILE).read_bytes() == b"encrypted by somebody" * 1000


def test_a_ledger_of_a_newer_version_is_refused_and_left_as_it_is(state: Path) -> None:
    ledger = Ledger.open(state, FakeClock(), "minh")
    ledger.append("test", {})
    ledger.close()
    with closing(sqlite3.connect(state / LEDGER_FILE)) as database:
        database.execute("update meta set value = '99' where name = 'schema'")
        database.execute("drop table leases")
        database.commit()
        database.execute("pragma wal_checkpoint(truncate)")
    before = (state / LEDGER_FILE).read_bytes()
    with pytest.raises(LedgerError, match="written by a newer Holdfast") as caught:
        Ledger.open(state, FakeClock(), "minh")
    assert caught.value.exit_code == ExitCode.UNFINISHED
    assert (state / LEDGER_FILE).read_bytes() == before


def test_the_ledger_can_be_read_by_its_owner_only(ledger: Ledger, state: Path) -> None:
    ledger.append("test", {})
    assert {file.stat().st_mode & 0o777 for file in state.glob(f"{LEDGER_FILE}*")} == {0o600}


def test_every_append_is_synced_to_the_disk_before_it_is_acknowledged(ledger: Ledger) -> None:
    with ledger.store.reading() as connection:
        assert connection.one("pragma synchronous") == (2,)
        assert connection.one("pragma journal_mode") == ("wal",)


def test_a_damaged_record_is_named_when_it_is_read(ledger: Ledger, state: Path) -> None:
    ledger.append("test", {})
    with closing(sqlite3.connect(state / LEDGER_FILE)) as database:
        database.execute("update records set payload = 'rubbish'")
        database.commit()
    with pytest.raises(LedgerError, match="record 1 cannot be read") as caught:
        list(ledger.read())
    assert caught.value.hint == "run: holdfast ledger verify"
    assert not ledger.verify().whole


def test_a_file_that_is_removed_while_it_is_in_use_takes_no_records(ledger: Ledger, state: Path) -> None:
    ledger.append("test", {})
    (state / LEDGER_FILE).rename(state / "moved")
    with pytest.raises(LedgerError, match="was removed or replaced") as caught:
        ledger.append("test", {})
    assert caught.value.exit_code == ExitCode.UNFINISHED
    (state / LEDGER_FILE).write_bytes((state / "moved").read_bytes())
    with pytest.raises(LedgerError, match="was removed or replaced"):
        ledger.append("test", {})
    with pytest.raises(LedgerError, match="was removed or replaced"):
        list(ledger.read())


def test_a_file_that_is_removed_in_the_moment_of_writing_takes_no_record(ledger: Ledger, state: Path) -> None:
    with pytest.raises(LedgerError, match="was removed or replaced"), ledger.store.write() as connection:
        connection.run("UPDATE head SET hash = 'x'")
        (state / LEDGER_FILE).unlink()


def test_a_ledger_that_another_program_keeps_locked_is_told(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger.open(state, FakeClock(), "minh").close()
    monkeypatch.setattr("ledger.database.BUSY_SECONDS", 0.1)
    ledger = Ledger.open(state, FakeClock(), "minh")
    with closing(sqlite3.connect(state / LEDGER_FILE, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(LedgerError, match="locked") as caught:
            ledger.append("test", {})
        assert "another Holdfast is writing" in caught.value.hint
        other.execute("rollback")
    assert ledger.append("test", {}).seq == 1


def test_a_ledger_without_its_head_row_takes_no_records(both: Ledger) -> None:
    with both.store.write() as connection:
        connection.run("DELETE FROM head")
    with pytest.raises(LedgerError, match="has lost its head row") as caught:
        both.append("test", {})
    assert "ledger verify" in caught.value.hint


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(LedgerError, match="mysql is not a ledger database") as caught:
        Store("mysql://host/ledger")
    assert "postgresql://" in caught.value.hint
