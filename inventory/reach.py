"""The door to processes: run a program here, stream what it says, leave nothing behind.

Secrets travel through inherited pipes: name one in `Command.secrets` and write `{secret:NAME}` where the
program wants a file name; it sees `/dev/fd/N`. They are never in argv, environment or on disk.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from inventory.errors import HoldfastError
from inventory.pipes import Feeder, LineHandler, Reader, Secrets
from inventory.system import Host

__all__ = [
    "Background",
    "Command",
    "LineHandler",
    "Outcome",
    "TimeLimitError",
    "UnreachableError",
    "base_environment",
    "end_group",
    "require_local",
    "run",
]

_KEPT_ENVIRONMENT = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "TZ",
    "XDG_RUNTIME_DIR",
    "HOLDFAST_DEMO_RUN",
)
_GRACE_SECONDS = 5.0
_CLOSING_SECONDS = 2.0


class UnreachableError(HoldfastError):
    """A host could not be reached (exit 3)."""


class TimeLimitError(HoldfastError):
    """A program ran past its time limit and was ended with all its children."""


@dataclass(frozen=True)
class Command:
    """One program to run.

    `env` is added to a minimal environment (nothing else of ours is inherited); `secrets` are bytes by name;
    `limit` is in seconds.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    stdin: bytes | None = field(default=None, repr=False)
    limit: float | None = None


@dataclass(frozen=True)
class Outcome:
    """How a program ended: exit code (negative: the signal), and the last megabyte of each output."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float


def base_environment() -> dict[str, str]:
    """Return the few variables every child may see."""
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    return kept | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def require_local(host: Host) -> None:
    """Refuse a host this version cannot run programs on.

    Raises:
        UnreachableError: the host is not this machine.
    """
    if host.connection != "local":
        raise UnreachableError(
            f"{host.name} is reached over {host.connection}; copies and restores run on this machine only so far",
            hint=f"run Holdfast on {host.name} itself with ansible_connection: local",
        )


def run(
    command: Command,
    *,
    on_stdout: LineHandler | None = None,
    on_stderr: LineHandler | None = None,
) -> Outcome:
    """Run a program to its end, handing each line to a handler as it comes.

    The program and its children form a session of their own; on a time limit, an interruption or a failing
    handler all of them are ended (terminate, then kill). If Holdfast itself dies, the kernel ends the program.

    Raises:
        HoldfastError: the program is not there or may not be run.
        TimeLimitError: `command.limit` passed.
    """
    with Secrets(command.secrets) as secrets:
        started = time.monotonic()
        process = _start(command, secrets)
        assert process.stdout is not None
        assert process.stderr is not None
        end = partial(end_group, process.pid)
        readers = [Reader(process.stdout, on_stdout, end), Reader(process.stderr, on_stderr, end)]
        try:
            for reader in readers:
                reader.start()
            secrets.feed()
            if command.stdin is not None and process.stdin is not None:
                Feeder(process.stdin, command.stdin).start()
            _wait(process, command, started)
            _drain(process, readers)
        except BaseException:
            end_group(process.pid)
            process.wait()
            raise
        finally:
            for reader in readers:
                reader.abandon()
            process.stdout.close()
            process.stderr.close()
    for reader in readers:
        if reader.failure is not None:
            raise reader.failure
    return Outcome(process.returncode, readers[0].tail(), readers[1].tail(), time.monotonic() - started)


class Background:
    """A program that goes on while we do other things, in a session of its own; the kernel ends it if we die."""

    def __init__(self, command: Command, output: Path) -> None:
        """Start it; both its outputs are appended to `output`.

        Raises:
            HoldfastError: the program is not there or may not be run.
        """
        with output.open("ab") as log, Secrets({}) as secrets:
            self._process = _start(command, secrets, out=log)

    @property
    def pid(self) -> int:
        """Return its process id, which is its session's too."""
        return self._process.pid

    def ended(self) -> int | None:
        """Return its exit code (negative: the signal that ended it), or None while it runs."""
        return self._process.poll()

    def stop(self, grace: float | None = None) -> None:
        """End it and everything it started."""
        end_group(self._process.pid, grace)
        self._process.wait()


def end_group(leader: int, grace: float | None = None) -> None:
    """End a process group: terminate, wait up to `grace` seconds (5), then kill; at once if we are interrupted."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGTERM)
        deadline = time.monotonic() + (_GRACE_SECONDS if grace is None else grace)
        try:
            while time.monotonic() < deadline:
                if _group_is_gone(leader):
                    return
                time.sleep(0.02)
        finally:
            os.killpg(leader, signal.SIGKILL)


def _group_is_gone(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return True
    return _only_zombies(leader)


def _only_zombies(group: int) -> bool:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError, ValueError, IndexError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] not in "ZX":
                return False
    return True


def _start(command: Command, secrets: Secrets, out: IO[bytes] | int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    argv = [secrets.fill(part) for part in command.argv]
    env = base_environment() | {name: secrets.fill(value) for name, value in command.env.items()}
    program = shutil.which(argv[0], path=env.get("PATH"))
    if program is None:
        raise HoldfastError(f"{argv[0]} is not installed or may not be run", hint=f"install {argv[0]}")
    argv[0] = program
    if (guard := shutil.which("setpriv")) is not None:
        argv = [guard, "--pdeathsig", "TERM", "--", *argv]
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if command.stdin is not None else subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE if out == subprocess.PIPE else subprocess.STDOUT,
            env=env,
            cwd=command.cwd,
            start_new_session=True,
            pass_fds=secrets.read_ends,
        )
    except OSError as error:
        raise HoldfastError(f"{command.argv[0]} could not be started: {error}") from error


def _wait(process: subprocess.Popen[bytes], command: Command, started: float) -> None:
    try:
        left = None if command.limit is None else max(0.0, command.limit - (time.monotonic() - started))
        process.wait(left)
    except subprocess.TimeoutExpired as error:
        raise TimeLimitError(
            f"{command.argv[0]} ran longer than {command.limit:g} seconds and was ended",
            hint="look at the disk and the network it used, then run the command again",
        ) from error


def _drain(process: subprocess.Popen[bytes], readers: list[Reader]) -> None:
    """Read what is left. A grandchild that keeps our pipes open but says nothing more holds nobody up.

    It is ended if it stayed in the program's session; one that left it (a service that was started) is let go.
    """
    ended = time.monotonic()
    for reader in readers:
        while reader.is_alive() and reader.quiet_seconds(ended) < _CLOSING_SECONDS:
            reader.join(0.05)
    if any(reader.is_alive() for reader in readers):
        end_group(process.pid)
        for reader in readers:
            reader.join(0.5)
