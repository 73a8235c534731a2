"""What a host keeps of runs: a directory of its own for each, private, until its result was acknowledged.

In it: `state` (which boot, which process), `socket` while the keeper lives, and after the end `result`, `stdout` and
`stderr` (what was not handed over, and the last megabyte).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import time
from contextlib import suppress

from inventory.onhost.frames import Json
from inventory.onhost.program import Program, members, send, status

ALLOWED = "/etc/holdfast/allowed"
ROOTS_RUNS = "/var/lib/holdfast-keeper"
OLD_SECONDS = 7 * 86400.0
TOMBSTONE_SECONDS = 3600.0  # longer than a network can hold back an order that was given up
_ID = re.compile(r"[0-9a-zA-Z-]{8,64}")
_ROOTS_VARIABLES = re.compile(r"(RESTIC|PG|HOLDFAST|LC)_?[A-Z0-9_]*|TZ|LANG")
_OUTPUTS = ("stdout", "stderr")


class RefusedError(Exception):
    """The keeper does not do that; the text says why."""


def by_sudo() -> bool:
    """Tell whether somebody who is not root has us run as root."""
    return os.geteuid() == 0 and os.environ.get("SUDO_UID", "0") != "0"


def check_allowed(order: Json, allowed: str = ALLOWED) -> None:
    """Refuse what `/etc/holdfast/allowed` does not name: a line is how a command must begin, word by word."""
    try:
        about = os.stat(allowed)
        with open(allowed, encoding="utf-8") as file:
            lines = [shlex.split(line, comments=True) for line in file]
    except (OSError, ValueError) as error:
        raise RefusedError(f"{allowed} cannot be used: {error}") from error
    if about.st_uid != 0 or about.st_mode & 0o022:
        raise RefusedError(f"{allowed} can be written by others than root")
    argv = order["argv"]
    if not any(line and line == argv[: len(line)] for line in lines):
        raise RefusedError(f"{allowed} does not name {argv[0]}")
    for name in order["env"]:
        if not _ROOTS_VARIABLES.fullmatch(name):
            raise RefusedError(f"the variable {name} is not passed to root's programs")


def directory_of(run: str) -> str:
    """Return the directory of a run; what holds it is made, ours alone."""
    if not _ID.fullmatch(run):
        raise RefusedError("that is no name of a run")
    place = ROOTS_RUNS if by_sudo() else os.path.expanduser("~/.local/state/holdfast/runs")
    os.makedirs(place, mode=0o700, exist_ok=True)
    about = os.lstat(place)
    if about.st_uid != os.geteuid() or about.st_mode & 0o077:
        raise RefusedError(f"{place} can be read by others")
    return os.path.join(place, run)


def boot() -> str:
    """Return the name of this host's life since it was started."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def write_file(name: str, content: bytes) -> None:
    """Write a file of the run, whole or not at all, on the disk when this returns."""
    with open(name + ".new", "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(name + ".new", name)
    for place in (".", ".."):
        with suppress(OSError):
            folder = os.open(place, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def read_file(name: str) -> Json:
    """Return what `write_file` wrote as JSON; empty when there is nothing."""
    try:
        with open(name, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def note_start(program: Program) -> None:
    """Note which process a run is."""
    pid = program.process.pid if program.process is not None else 0
    with suppress(OSError):
        write_file("state", json.dumps({"boot": boot(), "pid": pid, "born": _born(pid)}).encode())


def keep(program: Program) -> bool:
    """Keep how a run ended; False when the disk does not take it."""
    try:
        for name, stream in zip(_OUTPUTS, program.outputs):
            write_file(name, bytes(stream.kept))
        outputs = [[stream.base, stream.acked] for stream in program.outputs]
        write_file("result", json.dumps({"result": program.result, "outputs": outputs}).encode())
    except OSError:
        return False
    return True


def recall() -> Program | None:
    """Return a run that ended, as `keep` left it; None when there is no result."""
    found = read_file("result")
    if "result" not in found:
        return None
    program = Program()
    program.result = found["result"]
    for name, stream, (base, acked) in zip(_OUTPUTS, program.outputs, found["outputs"]):
        with open(name, "rb") as file:
            stream.kept += file.read()
        stream.base, stream.acked = base, acked
    return program


def forget() -> None:
    """Give up a result; its name stays for an hour, so that an order that was held back starts nothing twice."""
    with suppress(OSError):
        write_file("result", b'{"over": true}')
    for name in (*_OUTPUTS, "state", "socket", "log"):
        with suppress(OSError):
            os.remove(name)


def sweep(place: str, now: float) -> None:
    """Remove runs that are over for long."""
    for name in os.listdir(place):
        directory = os.path.join(place, name)
        result = os.path.join(directory, "result")
        with suppress(OSError):
            if not os.path.exists(result):  # it runs, or it ended with its host or before it began
                if read_file(os.path.join(directory, "state")).get("boot") != boot():
                    _remove(directory, now - os.stat(directory).st_mtime > OLD_SECONDS)
                continue
            about = os.stat(result)
            limit = OLD_SECONDS if about.st_size > 20 else TOMBSTONE_SECONDS  # a tombstone is short
            _remove(directory, now - about.st_mtime > limit)


def _remove(directory: str, is_old: bool) -> None:
    if is_old:
        shutil.rmtree(directory)


def end_leftovers() -> None:
    """End what a keeper that is gone has left of its program."""
    state = read_file("state")
    pid = int(state.get("pid", 0))
    if not pid or _born(pid) not in ("", state.get("born")):
        return
    for _ in range(50):
        if not (left := members(pid)):
            return
        send(left, signal.SIGKILL)
        time.sleep(0.05)


def _born(pid: int) -> str:
    fields = status(pid) if pid else []
    return fields[19] if fields else ""
