"""A ledger leaves one database and enters another with the same head, or not at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.errors import ExitCode, RefusedError, UsageError
from ledger import alerts, audit, durable, erasure, outbox, rotation, transfer
from ledger.errors import CheckpointError, LedgerError
from ledger.ledger import Ledger
from ledger.objects import Objects
from ledger.transfer import BrokenExportError
from tests.fakes.clock import FakeClock
from tests.ledger.fixtures import BOTH, Place, place_on
from tests.ledger.test_alerts import ALERT


def fill(ledger: Ledger, state: Path) -> None:
    """Put something of everything into a ledger."""
    objects = Objects(state)
    kept, gone = objects.put(b"evidence"), objects.put(b"a citizen's data")
    text = 'chữ Việt \u2028 " \\ \x00 😀'
    ledger.append("scan.finished", {"objects": [kept, gone], "text": text}, system="sso")
    alerts.raise_alerts(ledger, [replace(ALERT, id=name * 16) for name in "cab"])
    alerts.change(ledger, ["a" * 16], alerts.CLOSED, incident="i-1")
    outbox.put(ledger, "incident i-1 opened", "mail", {"subject": "Sự cố"})
    erasure.carry_out(ledger, objects, erasure.plan(ledger, objects, gone, "law"), {"person": "Hoa"})
    rotation.rotate(ledger, state, "district", "yearly")


@pytest.fixture
def full(both: Ledger, state: Path) -> Ledger:
    """A ledger with something of everything, on each database in turn."""
    fill(both, state)
    return both


@pytest.fixture(scope="module")
def _exported_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    ledger = Ledger.open(folder / "state", FakeClock(), "minh")
    fill(ledger, folder / "state")
    transfer.export(ledger, folder / "state", "district", folder / "out")
    ledger.close()
    return folder / "out"


@pytest.fixture
def exported(_exported_once: Path, tmp_path: Path) -> Path:
    """An export, to be spoiled."""
    return Path(shutil.copytree(_exported_once, tmp_path / "out"))


@pytest.fixture(params=BOTH)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """The place of another, empty ledger, on each database in turn."""
    return place_on(request.param, tmp_path / "other", request)


def rows(ledger: Ledger, table: str) -> list[tuple[object, ...]]:
    with ledger.store.reading() as connection:
        return sorted(connection.all(f"SELECT * FROM {table}"), key=str)


def test_a_ledger_moved_between_databases_has_the_same_head_and_everything_beside_it(
    full: Ledger, state: Path, tmp_path: Path, empty: Place
) -> None:
    exported = tmp_path / "out"
    transfer.export(full, state, "district", exported)
    other = empty.open()
    moved = transfer.import_(other, empty.state, "district", exported, None)
    assert moved.head == full.verify().head == other.verify().head
    assert (moved.records, moved.alerts, moved.messages, moved.objects) == (full.verify().records, 3, 1, 1)
    for table in ("records", "alerts", "outbox", "head"):
        assert rows(other, table) == rows(full, table)
    assert audit.audit(other, Objects(empty.state)).faults == ()
    assert len(audit.audit(other, Objects(empty.state)).erased) == 1
    again = empty.state.parent / "again"
    transfer.export(other, empty.state, "district", again)
    first, second = ((place / "ledger.jsonl").read_bytes().splitlines() for place in (exported, again))
    assert second[1 : len(first) - 6] == first[1 : len(first) - 6]
    other.close()


def test_an_export_goes_into_a_new_directory_and_is_private(ledger: Ledger, state: Path, tmp_path: Path) -> None:
    exported = tmp_path / "out"
    fill(ledger, state)
    transfer.export(ledger, state, "district", exported)
    assert exported.stat().st_mode & 0o777 == 0o700
    assert {file.name for file in exported.iterdir()} == {
        "ledger.jsonl",
        "objects",
        "checkpoint.json",
        "checkpoint.pub",
    }
    assert not list(exported.parent.glob(".out*"))
    with pytest.raises(UsageError, match="is there already"):
        transfer.export(ledger, state, "district", exported)


def test_a_ledger_that_is_not_whole_is_not_exported(full: Ledger, state: Path, tmp_path: Path) -> None:
    with full.store.write() as connection:
        connection.run("UPDATE records SET kind = 'x' WHERE seq = 2")
    with pytest.raises(LedgerError, match="record 2 is not whole"):
        transfer.export(full, state, "district", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_import_into_a_ledger_with_records_is_refused(ledger: Ledger, exported: Path, state: Path) -> None:
    ledger.append("test", {})
    with pytest.raises(RefusedError, match="1 records already") as caught:
        transfer.import_(ledger, state, "district", exported, None)
    assert caught.value.exit_code == ExitCode.REFUSED


def change(exported: Path, act: Callable[[list[bytes]], object]) -> None:
    lines = (exported / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    act(lines)
    (exported / "ledger.jsonl").write_bytes(b"".join(lines))


def bytes_changed(lines: list[bytes]) -> None:
    lines[1] = lines[1].replace(b"minh", b"hung")


def state_changed(lines: list[bytes]) -> None:
    lines[-1] = lines[-1].replace(b'"alert":3', b'"alert":2')


BREAKS: dict[str, Callable[[list[bytes]], object]] = {
    "changed": bytes_changed,
    "cut": lambda lines: lines.pop(),
    "cut in a line": lambda lines: lines.__setitem__(-1, lines[-1][:10]),
    "record left out": lambda lines: lines.pop(2),
    "last record left out": lambda lines: lines.pop(-6),
    "alert left out": lambda lines: lines.pop(-3),
    "another end": state_changed,
    "more after the end": lambda lines: lines.append(lines[1]),
    "swapped": lambda lines: lines.insert(1, lines.pop(2)),
    "another kind": lambda lines: lines.insert(1, b'{"surprise": 1}\n'),
    "no object": lambda lines: lines.insert(1, b"[1]\n"),
    "no JSON": lambda lines: lines.insert(1, b"\xff\n"),
    "another site": lambda lines: lines.__setitem__(0, lines[0].replace(b"district", b"other")),
    "an alert of nothing": lambda lines: lines.insert(-2, b'{"alert": {"id": "x"}}\n'),
    "nothing": lambda lines: lines.clear(),
}


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_an_export_that_is_not_whole_leaves_nothing(exported: Path, empty: Place, name: str) -> None:
    change(exported, BREAKS[name])
    other = empty.open()
    with pytest.raises(BrokenExportError) as caught:
        transfer.import_(other, empty.state, "district", exported, None)
    assert caught.value.hint
    assert other.verify().records == 0
    assert [rows(other, table) for table in ("alerts", "outbox")] == [[], []]
    assert list(Objects(empty.state).names()) == []
    other.close()


def test_a_history_written_anew_is_found_by_the_checkpoint(exported: Path, empty: Place) -> None:
    forged = Ledger.open(empty.state / "forger", FakeClock(), "minh")
    for number in range(20):
        forged.append("fine", {"n": number})
    transfer.export(forged, empty.state / "forger", "district", empty.state / "forged")
    shutil.copy(exported / "checkpoint.json", empty.state / "forged" / "checkpoint.json")
    shutil.copy(exported / "checkpoint.pub", empty.state / "forged" / "checkpoint.pub")
    other = empty.open()
    with pytest.raises(BrokenExportError, match="is not the one of its checkpoint"):
        transfer.import_(other, empty.state, "district", empty.state / "forged", None)
    with pytest.raises(CheckpointError):
        transfer.import_(
            other, empty.state, "district", empty.state / "forged", empty.state / "forger/keys/checkpoint.pub"
        )
    assert other.verify().records == 0
    other.close()


def test_an_object_that_was_changed_stops_the_import_and_leaves_none(exported: Path, empty: Place) -> None:
    (name,) = Objects(exported).names()
    Objects(exported).path(name).write_bytes(b"forged")
    other = empty.open()
    with pytest.raises(LedgerError, match="was changed"):
        transfer.import_(other, empty.state, "district", exported, None)
    assert other.verify().records == 0
    assert list(Objects(empty.state).names()) == list(Objects(empty.state).tombstones()) == []
    other.close()


def test_a_missing_export_is_told(empty: Place, tmp_path: Path) -> None:
    other = empty.open()
    with pytest.raises(LedgerError, match="cannot be read: No such file"):
        transfer.import_(other, empty.state, "district", tmp_path / "none", None)
    other.close()


@pytest.mark.parametrize("after", [1, 2, 3])
def test_an_import_killed_halfway_leaves_an_empty_ledger_that_takes_it_again(
    exported: Path, empty: Place, after: int
) -> None:
    empty.open().close()
    pid = os.fork()
    if pid == 0:
        calls = [0]

        def die(*_: object, **__: object) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        real = durable.write

        def write(*arguments: object, **named: object) -> None:
            calls[0] += 1
            if calls[0] >= after:
                die()
            real(*arguments, **named)  # type: ignore[arg-type]

        durable.write = write
        if after == 3:
            transfer._take_objects = die  # type: ignore[assignment]
        transfer.import_(empty.open(), empty.state, "district", exported, None)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    other = empty.open()
    assert other.verify().records == 0
    assert transfer.import_(other, empty.state, "district", exported, None).records == other.verify().records > 0
    assert audit.audit(other, Objects(empty.state)).faults == ()
    other.close()


def test_bytes_that_are_no_text_survive() -> None:
    for payload in (b"\xff\x00", "chữ".encode()):
        told = json.loads(json.dumps(transfer._told(payload), ensure_ascii=False))
        assert transfer._payload(told) == payload
