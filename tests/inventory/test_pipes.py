from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import IO

import pytest

from inventory import pipes
from inventory.pipes import Ear, Feeder, Listener, Reader, Secrets


@pytest.fixture
def pipe() -> Iterator[tuple[IO[bytes], int]]:
    read, write = os.pipe()
    with os.fdopen(read, "rb") as stream:
        yield stream, write


def nothing() -> None:
    pass


def test_lines_are_put_together_from_pieces(pipe: tuple[IO[bytes], int]) -> None:
    stream, write = pipe
    lines: list[str] = []
    reader = Reader(stream, Ear(lines.append, nothing))
    reader.start()
    for piece in (b"o", b"ne\r\ntw", b"o\n\nthr", b"ee"):
        os.write(write, piece)
        time.sleep(0.02)
    os.close(write)
    reader.join()
    assert lines == ["one", "two", "", "three"]
    assert reader.ear.tail() == "one\r\ntwo\n\nthree"


def test_a_line_without_end_is_handed_over_in_pieces(
    pipe: tuple[IO[bytes], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipes, "LONGEST_LINE", 1000)
    stream, write = pipe
    lengths: list[int] = []
    reader = Reader(stream, Ear(lambda line: lengths.append(len(line)), nothing))
    reader.start()
    feeder = Feeder(os.fdopen(write, "wb"), b"x" * 500_000)  # far more than one read brings
    feeder.start()
    reader.join()
    assert sum(lengths) == 500_000
    assert len(lengths) > 1


def test_after_a_failure_of_its_handler_a_reader_goes_on_emptying_the_pipe(pipe: tuple[IO[bytes], int]) -> None:
    stream, write = pipe
    told: list[str] = []

    def failing(line: str) -> None:
        raise ValueError(line)

    reader = Reader(stream, Ear(failing, lambda: told.append("ended")))
    reader.start()
    for number in range(30):
        os.write(write, f"{number} {'x' * 10_000}\n".encode())
    os.close(write)
    reader.join()
    assert told == ["ended"]
    assert str(reader.ear.failure).startswith("0 ")


def test_a_reader_can_be_abandoned_while_somebody_may_still_write(pipe: tuple[IO[bytes], int]) -> None:
    stream, write = pipe
    reader = Reader(stream, Ear(None, nothing))
    reader.start()
    since = time.monotonic()
    time.sleep(0.05)
    assert reader.quiet_seconds(since) >= 0.05
    reader.abandon()
    assert not reader.is_alive()
    os.close(write)


def test_raw_bytes_are_handed_over_as_they_are() -> None:
    pieces: list[bytes] = []
    ear = Ear(None, nothing, pieces.append)
    for piece in (bytes(range(256)), b"\r\n\xff"):
        ear.take(piece)
    ear.close()
    assert b"".join(pieces) == bytes(range(256)) + b"\r\n\xff"


def test_what_is_only_kept_is_not_handed_over() -> None:
    lines: list[str] = []
    ear = Ear(lines.append, nothing)
    ear.keep(b"old\n")
    ear.take(b"new\n")
    assert (lines, ear.tail()) == (["new"], "old\nnew\n")


def test_a_listener_counts_what_it_handed_over_and_ends_with_the_last_piece() -> None:
    lines: list[str] = []
    progress: list[int] = []
    listener = Listener(Ear(lines.append, nothing), lambda: progress.append(listener.handled))
    listener.start()
    for piece in (b"one\nt", b"wo"):
        listener.put(piece)
    listener.finish()
    listener.join(5)
    assert (lines, progress) == (["one", "two"], [5, 7])


def test_a_muted_listener_hands_over_no_more() -> None:
    lines: list[str] = []
    listener = Listener(Ear(lines.append, nothing), nothing)
    listener.mute()
    listener.start()
    listener.put(b"late\n")
    listener.abandon()
    assert lines == []
    assert not listener.is_alive()


def test_a_feeder_whose_reader_went_away_ends_quietly(pipe: tuple[IO[bytes], int]) -> None:
    stream, write = pipe
    stream.close()
    feeder = Feeder(os.fdopen(write, "wb"), b"x" * 1_000_000)
    feeder.start()
    feeder.join(5)
    assert not feeder.is_alive()


def test_secrets_are_named_by_descriptor_and_gone_after_feeding() -> None:
    with Secrets({"a": b"one", "b": b"two"}) as secrets:
        assert len(secrets.read_ends) == 2
        filled = secrets.fill("{secret:a},{secret:b},{secret:c}")
        assert filled == f"/dev/fd/{secrets.read_ends[0]},/dev/fd/{secrets.read_ends[1]},{{secret:c}}"
        kept = os.dup(secrets.read_ends[0])
        secrets.feed()
        assert secrets.read_ends == ()
    assert os.read(kept, 100) == b"one"
    os.close(kept)
