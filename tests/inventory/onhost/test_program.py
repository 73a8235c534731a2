from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inventory.onhost.frames import HEAD, OFFSET, Kind
from inventory.onhost.program import BUFFER, TAIL, WINDOW, Input, Program, Stream, members, send, status


def order(*argv: str, **more: Any) -> dict[str, Any]:
    empty = {"env": {}, "cwd": None, "limit": None, "grace": 0.3, "input": False, "secrets": {}}
    return {"argv": list(argv), **empty, **more}


def finish(program: Program, seconds: float = 10) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while program.result is None:
        assert time.monotonic() < deadline
        for stream in program.outputs:
            if stream.fd >= 0 and select.select([stream.fd], [], [], 0)[0]:
                stream.read()
        program.look_after(time.monotonic())
        time.sleep(0.005)
    return program.result


def started(*argv: str, **more: Any) -> Program:
    program = Program()
    program.start(order(*argv, **more))
    return program


def test_a_program_says_how_it_ended() -> None:
    program = started("sh", "-c", "echo out; echo error >&2; exit 3")
    result = finish(program)
    assert (result["exit_code"], result["why"], result["left"], result["ends"]) == (3, "", [], [4, 6])
    assert [bytes(stream.kept) for stream in program.outputs] == [b"out\n", b"error\n"]


def test_a_program_that_is_not_there_has_a_result_at_once() -> None:
    result = started("no-such-program").result
    assert result is not None
    assert (result["missing"], result["exit_code"]) == (True, None)
    result = started("true", cwd="/nowhere").result
    assert result is not None
    assert "nowhere" in result["error"]
    assert result["missing"] is False


def test_its_limit_ends_its_whole_session_even_what_left_its_group() -> None:
    program = started("sh", "-c", "set -m; sleep 3141 & sleep 3141", limit=0.3)
    assert program.process is not None
    result = finish(program)
    assert (result["why"], result["exit_code"]) == ("limit", -signal.SIGTERM)
    assert members(program.process.pid) == []


def test_who_ignores_the_polite_end_is_killed_after_the_grace() -> None:
    program = started("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done")
    while not program.outputs[0].kept:
        with suppress(BlockingIOError):
            program.outputs[0].read()
    program.end("stopped")
    result = finish(program)
    assert (result["why"], result["exit_code"]) == ("stopped", -signal.SIGKILL)


def test_the_first_reason_to_end_it_counts() -> None:
    program = started("sleep", "3141")
    program.end("stopped")
    program.end("abandoned")
    assert finish(program)["why"] == "stopped"


def test_a_program_sees_few_variables_and_its_secret_as_a_file() -> None:
    program = started("sh", "-c", "env; cat $F", env={"F": "{secret:a}"}, secrets={"a": "aHVudGVyMg=="})
    finish(program)
    said = bytes(program.outputs[0].kept).decode()
    assert said.endswith("hunter2")
    names = {line.split("=")[0] for line in said.splitlines() if "=" in line}
    assert names <= {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "F", "PWD", "SHLVL", "_"}


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=30))
def test_input_that_comes_twice_or_too_early_is_written_once_and_in_order(pieces: list[tuple[int, int]]) -> None:
    data = bytes(range(60))
    given_input, reached = Input(), 0
    for start, size in pieces:
        given_input.take(start, data[start : start + size])
        if start <= reached:
            reached = max(reached, min(60, start + size))
    assert (bytes(given_input.waiting), given_input.got) == (data[:reached], reached)


def test_input_goes_on_while_the_program_reads_and_is_dropped_when_it_stops() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    given_input = Input()
    given_input.fd = write
    given_input.take(0, b"x" * 1_000_000)
    given_input.write()
    assert 0 < given_input.written < 1_000_000
    os.close(read)
    given_input.write()
    assert (given_input.written, given_input.fd) == (1_000_000, -1)


def sent(stream: Stream) -> bytes:
    said = b""
    while frame := stream.next_frame():
        kind, size = HEAD.unpack_from(frame)
        assert kind == Kind.OUT
        assert OFFSET.unpack_from(frame, HEAD.size)[0] == stream.sent - (size - OFFSET.size)
        said += frame[HEAD.size + OFFSET.size :]
    return said


def test_no_more_is_sent_than_a_window_ahead_of_what_was_taken() -> None:
    stream = Stream(Kind.OUT)
    stream.kept += b"x" * (WINDOW + 100)
    assert len(sent(stream)) == WINDOW
    stream.acknowledge(60)
    assert len(sent(stream)) == 60


def test_after_a_new_attachment_everything_not_taken_comes_again() -> None:
    stream = Stream(Kind.OUT)
    stream.kept += b"0123456789"
    assert sent(stream) == b"0123456789"
    stream.acknowledge(3)
    stream.rewind(4)
    assert sent(stream) == b"456789"
    stream.rewind(None)
    assert sent(stream) == b"0123456789"  # what was taken is still in the last megabyte


def test_what_was_taken_is_let_go_but_for_the_last_megabyte_and_the_rest_fills_up_to_the_limit() -> None:
    read, write = os.pipe()
    os.set_blocking(read, False)
    stream = Stream(Kind.OUT)
    stream.fd = read
    total = 0
    for _ in range(1000):
        total += os.write(write, b"x" * 60_000)
        stream.read()
        sent(stream)
        stream.acknowledge(stream.end)
    assert stream.end == total
    assert TAIL <= len(stream.kept) <= 3 * TAIL
    while stream.has_room:
        os.write(write, b"x" * 60_000)
        stream.read()
    assert len(stream.kept) <= BUFFER + 4 * TAIL
    os.close(write)
    stream.close()


def test_the_members_of_a_session_are_those_alive() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 3141 & wait"], start_new_session=True) as shell:
        while len(members(shell.pid)) < 2:
            time.sleep(0.01)
        assert status(shell.pid)[3] == str(shell.pid)
        send(members(shell.pid), signal.SIGKILL)
    assert members(shell.pid) == []
    assert status(shell.pid) == []
    send([shell.pid], signal.SIGKILL)  # nobody
