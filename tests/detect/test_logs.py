from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from detect.history import READ, SILENT, UNREAD
from detect.logs import Log, Reading, of
from detect.positions import Piece
from inventory.system import FileLog, Host, JournaldLog
from tests.detect.making import NOW, failed


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log("sso", "signon-1:/var/log/auth.log", tmp_path / "auth.log", "auto")


def read(log: Log, known: list[Piece]) -> tuple[list[tuple[str, int]], list[Piece], Reading]:
    """Return the new events (file name and line), how far it was read, and the reading."""
    reading = Reading(log, known, NOW)
    new = [
        (Path(event.reference.file).name, event.reference.line)
        for event, place in reading.events()
        if reading.is_new(place.source, place.offset)
    ]
    return new, reading.pieces({}), reading


def test_a_log_is_read_once_and_then_only_what_is_new(log: Log) -> None:
    log.path.write_text(failed("a", 1) + failed("b", 2))
    new, known, _ = read(log, [])
    assert new == [("auth.log", 1), ("auth.log", 2)]
    with log.path.open("a") as out:
        out.write(failed("c", 3))
    new, known, reading = read(log, known)
    assert new == [("auth.log", 3)]
    assert reading.account.tally.events == 1
    assert read(log, known)[0] == []


def test_a_line_without_its_end_is_left_until_it_has_one(log: Log) -> None:
    whole = failed("a", 1)
    log.path.write_text(whole[:40])
    new, known, reading = read(log, [])
    assert new == []
    assert reading.account.tally.corrupt == 0
    log.path.write_text(whole)
    assert read(log, known)[0] == [("auth.log", 1)]


@pytest.mark.parametrize("rotated", ["auth.log.1", "auth.log-20261123", "auth.log.2.gz"])
def test_after_rotation_the_rest_of_the_old_file_and_the_new_one_are_read(log: Log, rotated: str) -> None:
    log.path.write_text(failed("a", 1))
    _, known, _ = read(log, [])
    with log.path.open("a") as out:
        out.write(failed("b", 2))
    content = log.path.read_bytes()
    log.path.with_name(rotated).write_bytes(gzip.compress(content) if rotated.endswith("gz") else content)
    log.path.write_text(failed("c", 3))
    new, known, reading = read(log, known)
    assert new == [(rotated, 2), ("auth.log", 1)]
    assert reading.account.problem == ""
    assert read(log, known)[0] == []


def test_a_file_cut_short_in_place_is_read_from_its_beginning_and_told_of(log: Log) -> None:
    log.path.write_text(failed("a", 1) + failed("b", 2))
    _, known, _ = read(log, [])
    log.path.write_text(failed("c", 3))
    new, known, reading = read(log, known)
    assert new == [("auth.log", 1)]
    assert "not beside it" in reading.account.problem
    assert read(log, known)[2].account.problem == ""


def test_lines_that_must_be_read_again_are_read_but_are_not_new(log: Log) -> None:
    first = failed("a", 1)
    log.path.write_text(first + failed("b", 2))
    reading = Reading(log, [], NOW)
    places = [place for _, place in reading.events()]
    known = reading.pieces({places[1].source: (places[1].offset, 2)})
    reading = Reading(log, known, NOW)
    again = [(event.reference.line, reading.is_new(p.source, p.offset)) for event, p in reading.events()]
    assert again == [(2, False)]
    assert reading.account.tally.events == 0


def test_windows_of_a_rotated_file_stay_open_over_two_runs(log: Log) -> None:
    log.path.write_text(failed("a", 1))
    reading = Reading(log, [], NOW)
    (place,) = [place for _, place in reading.events()]
    known = reading.pieces({place.source: (0, 1)})
    log.path.rename(log.path.with_name("auth.log.1"))
    log.path.write_text(failed("b", 2))
    for _ in range(2):
        reading = Reading(log, known, NOW)
        seen = [(Path(event.reference.file).name, place) for event, place in reading.events()]
        assert [name for name, _ in seen] == ["auth.log.1", "auth.log"]
        known = reading.pieces({place.source: (place.offset, 1) for _, place in seen})


def test_corrupt_lines_are_counted_once(log: Log) -> None:
    log.path.write_bytes(b"rubbish\n" + failed("a", 1).encode().replace(b"for a", b"for \xff"))
    _, known, reading = read(log, [])
    assert (reading.account.tally.events, reading.account.tally.corrupt) == (1, 2)
    assert reading.account.tally.examples[0].endswith(
        "auth.log:1: neither a syslog line nor one of a format known here"
    )
    assert read(log, known)[2].account.tally.corrupt == 0


def test_the_newest_event_is_told_and_one_from_the_future_is_not_believed(log: Log) -> None:
    log.path.write_text(failed("a", 1) + failed("b", 7) + failed("c", 10**6))
    _, _, reading = read(log, [])
    assert reading.account.last_event_at is not None
    assert (NOW - reading.account.last_event_at).total_seconds() == 15 * 60 - 7


def test_a_log_that_cannot_be_read_is_unread_and_keeps_its_positions(log: Log) -> None:
    log.path.write_text(failed("a", 1))
    _, known, _ = read(log, [])
    log.path.unlink()
    log.path.mkdir()
    _, kept, reading = read(log, known)
    assert reading.account.state == UNREAD
    assert kept == known


def host(root: Path, connection: str = "local") -> Host:
    return Host(name="signon-1", connection=connection, root=str(root))


def test_a_log_that_is_not_there_is_a_silent_source(tmp_path: Path) -> None:
    for file in ("/var/log/auth.log", "/var/log/*.log"):
        found, account = of("sso", FileLog(host="signon-1", file=file), host(tmp_path))
        assert found == []
        assert account is not None
        assert (account.state, account.log) == (SILENT, f"signon-1:{file}")


def test_a_glob_stands_for_every_file_by_its_name_on_the_host(tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).touch()
    found, account = of("sso", FileLog(host="signon-1", file="/*.log"), host(tmp_path))
    assert [log.name for log in found] == ["signon-1:/a.log", "signon-1:/b.log"]
    assert account is None


def test_what_cannot_be_reached_yet_is_unread_and_never_passed_over(tmp_path: Path) -> None:
    for source, where in (
        (JournaldLog(host="signon-1", journald="nginx"), host(tmp_path)),
        (FileLog(host="signon-1", file="/x"), host(tmp_path, "ssh")),
    ):
        found, account = of("sso", source, where)
        assert found == []
        assert account is not None
        assert account.state == UNREAD
        assert account.problem


def test_a_log_that_was_read_is_read(log: Log) -> None:
    log.path.write_text("")
    assert read(log, [])[2].account.state == READ
