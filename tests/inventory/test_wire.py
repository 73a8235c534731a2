from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from inventory.onhost.frames import MAGIC, Kind, pack
from inventory.wire import Connection


@dataclass
class Pipes:
    """Stands in for ssh: `says`, `hears` and `warns` are the host's ends; `woken` is a pipe nobody writes to."""

    source: int
    says: int
    hears: int
    sink: int
    complaints: int
    warns: int
    woken: int
    wake: int

    def close(self) -> int | None:
        return 255


@pytest.fixture
def link() -> Iterator[Pipes]:
    ends = [end for _ in range(4) for end in os.pipe()]
    for end in ends:
        os.set_blocking(end, False)
    yield Pipes(*ends)
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def test_what_a_login_says_before_the_keeper_is_passed_over(link: Pipes) -> None:
    connection = Connection(link, b"")
    frame = pack(Kind.PONG)
    for piece in (b"Welcome to db-1!\n", MAGIC[:5], MAGIC[5:] + frame[:2]):
        os.write(link.says, piece)
        assert connection.turn(0.1, link.woken) == []
    os.write(link.says, frame[2:])
    assert connection.turn(0.1, link.woken) == [(Kind.PONG, b"")]


def test_a_login_that_talks_without_end_is_refused(link: Pipes) -> None:
    connection = Connection(link, b"")
    with pytest.raises(ValueError, match="too much"):
        for _ in range(30):
            os.write(link.says, b"x" * 4096)
            connection.turn(0.1, link.woken)


def test_what_is_to_be_sent_waits_until_the_link_takes_it(link: Pipes) -> None:
    connection = Connection(link, b"greeting")
    connection.send(b"x" * 300_000)
    connection.turn(0.1, link.woken)
    assert 0 < connection.backlog < 300_000
    heard = b""
    while len(heard) < 300_008:
        heard += os.read(link.hears, 1 << 20)
        connection.turn(0.05, link.woken)
    assert heard == b"greeting" + b"x" * 300_000
    assert connection.backlog == 0


def test_the_end_of_a_link_and_its_last_complaints_are_noticed(link: Pipes) -> None:
    connection = Connection(link, b"")
    os.close(link.says)
    connection.turn(0.1, link.woken)
    assert connection.ended
    os.write(link.warns, b"Permission denied\n")
    os.close(link.warns)
    assert connection.close() == 255
    assert connection.complaints == "Permission denied\n"
