"""A login on a host: it brings one order, for a run that begins with it or for one that goes on.

The first order for a run begins it: a process of its own, the keeper, starts the program and listens on a socket. Every
login then hands its connection to the keeper and waits until the keeper drops it.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress

from inventory.onhost.frames import HEAD, LARGEST, MAGIC, VERSION, Json, Kind, pack
from inventory.onhost.keeper import Keeper, Link
from inventory.onhost.program import Program
from inventory.onhost.runs import (
    RefusedError,
    boot,
    by_sudo,
    check_allowed,
    directory_of,
    end_leftovers,
    note_start,
    read_file,
    recall,
    sweep,
    write_file,
)

_TRIES = 50


def _begin(order: Json) -> None:
    """Fork the keeper of a new run, which starts the program. It inherits the lock and has it while it lives."""
    with suppress(FileNotFoundError):
        os.remove("socket")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("socket")
    listener.listen(8)
    write_file("state", json.dumps({"boot": boot()}).encode())  # from here on it may have begun
    if os.fork() == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                _be_keeper(order, listener)
        finally:
            os._exit(0)
    os.wait()
    listener.close()
    with suppress(OSError):
        sweep("..", os.stat(".").st_mtime)


def _be_keeper(order: Json, listener: socket.socket) -> None:
    null, log = os.open(os.devnull, os.O_RDWR), os.open("log", os.O_WRONLY | os.O_CREAT, 0o600)
    for here, there in ((null, 0), (null, 1), (log, 2)):
        os.dup2(here, there)
    try:
        woken, wake = os.pipe()
        for fd in (woken, wake):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        program = Program()
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: program.end("stopped with its keeper"))
        program.start(order)
        note_start(program)
        Keeper(program, order, listener, woken).loop()
    except BaseException:
        traceback.print_exc()


def serve(order: Json) -> Json:
    """Do what a login's order says; return what to answer if it cannot be done."""
    if order["version"] != VERSION:
        return {"problem": "version"}
    directory = directory_of(order["id"])
    if "argv" in order:
        if by_sudo():
            check_allowed(order)
        with suppress(FileExistsError):
            os.mkdir(directory, 0o700)
    try:
        os.chdir(directory)
    except FileNotFoundError:
        return {"problem": "unknown"}
    for _ in range(_TRIES):
        lock = os.open("lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if (answer := _without_keeper(order, lock)) is not None:
                return answer
            _begin(order)
        except BlockingIOError:  # its keeper lives, or another login is about to begin it
            pass
        finally:
            os.close(lock)
        with suppress(FileNotFoundError, ConnectionRefusedError):
            _hand_over(order)
            return {}
        time.sleep(0.1)
    raise EOFError  # it is asked again


def _without_keeper(order: Json, lock: int) -> Json | None:
    """Serve a run that nobody watches over; None if it is to begin now."""
    state = read_file("state")
    if read_file("result").get("over"):
        return {"problem": "over"}
    if (ended := recall()) is not None:
        fcntl.flock(lock, fcntl.LOCK_UN)  # others may read it too
        keeper = Keeper(ended, {**order, "linger": 0.0})
        keeper.attach(Link(None, 0, 1), order)
        keeper.loop()
        return {}
    if not state:
        return None if "argv" in order else {"problem": "unknown"}
    if state["boot"] != boot():
        return {"problem": "restarted"}
    end_leftovers()
    return {"problem": "lost"}


def _hand_over(order: Json) -> None:
    """Give our connection to the keeper, and wait until it drops it."""
    control = socket.socket(socket.AF_UNIX)
    control.connect("socket")
    known = ("client", "attempt", "offsets", "linger", "patience", "fresh")
    asked = {name: order[name] for name in known}
    socket.send_fds(control, [json.dumps(asked).encode()], [0, 1])
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    with suppress(OSError):
        control.recv(1)


def _read_order() -> Json:
    kind, size = HEAD.unpack(_read(HEAD.size))
    if kind != Kind.ORDER or size > LARGEST:
        raise EOFError
    order: Json = json.loads(_read(size))
    return order


def _read(size: int) -> bytes:
    found = b""
    while len(found) < size:
        if not (piece := os.read(0, size - len(found))):
            raise EOFError
        found += piece
    return found


def main() -> None:
    """Read one order from the connection and serve it."""
    os.write(1, MAGIC)
    try:
        answer = serve(_read_order())
    except EOFError:
        sys.exit(1)
    except (OSError, RefusedError) as error:
        answer = {"problem": "refused" if isinstance(error, RefusedError) else "disk", "text": str(error)}
    if answer:
        os.write(1, pack(Kind.NO, json.dumps(answer).encode()))


if __name__ == "__main__":
    main()
