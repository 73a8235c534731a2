"""The door to processes: run a program here, stream what it says, leave nothing behind.

Secrets travel through inherited pipes: name one in `Command.secrets` and write `{secret:NAME}` where the
program wants a file name; it sees `/dev/fd/N`. They are never in argv, environment or on disk.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from inventory.errors import HoldfastError
from inventory.system import Host

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
_TAIL_BYTES = 1_000_000
_LONGEST_LINE = 64_000_000

LineHandler = Callable[[str], None]


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
    stdin: bytes | None = None
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
    with _Secrets(command.secrets) as secrets:
        started = time.monotonic()
        process = _start(command, secrets)
        readers = [
            _Reader(process, process.stdout, on_stdout),
            _Reader(process, process.stderr, on_stderr),
        ]
        try:
            for reader in readers:
                reader.start()
            secrets.feed()
            _feed_stdin(process, command.stdin)
            _wait(process, command, started)
            _drain(process, readers)
        except BaseException:
            end_group(process.pid)
            process.wait()
            raise
        finally:
            for stream in (process.stdout, process.stderr, process.stdin):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
    for reader in readers:
        if reader.failure is not None:
            raise reader.failure
    return Outcome(process.returncode, readers[0].tail(), readers[1].tail(), time.monotonic() - started)


def end_group(leader: int, grace: float = _GRACE_SECONDS) -> None:
    """End a process group: terminate, wait up to `grace` seconds, then kill."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGTERM)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            if _group_is_gone(leader):
                return
            time.sleep(0.02)
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


def _start(command: Command, secrets: _Secrets) -> subprocess.Popen[bytes]:
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
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=command.cwd,
            start_new_session=True,
            pass_fds=secrets.read_ends,
        )
    except OSError as error:
        raise HoldfastError(f"{command.argv[0]} could not be started: {error}") from error


def _feed_stdin(process: subprocess.Popen[bytes], data: bytes | None) -> None:
    if data is None or process.stdin is None:
        return
    with suppress(BrokenPipeError):
        process.stdin.write(data)
        process.stdin.close()


def _wait(process: subprocess.Popen[bytes], command: Command, started: float) -> None:
    try:
        left = None if command.limit is None else max(0.0, command.limit - (time.monotonic() - started))
        process.wait(left)
    except subprocess.TimeoutExpired as error:
        raise TimeLimitError(
            f"{command.argv[0]} ran longer than {command.limit:g} seconds and was ended",
            hint="look at the disk and the network it used, then run the command again",
        ) from error


def _drain(process: subprocess.Popen[bytes], readers: list[_Reader]) -> None:
    """Read what is left; a grandchild that keeps our pipes open after its parent's end is ended too."""
    for reader in readers:
        reader.join(_GRACE_SECONDS)
        if reader.is_alive():
            end_group(process.pid)
            reader.join()


class _Secrets:
    """Pipes that carry secrets to one child: filled once, readable once."""

    def __init__(self, values: Mapping[str, bytes]) -> None:
        self._values = dict(values)
        self._pipes: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> _Secrets:
        for name in self._values:
            self._pipes[name] = os.pipe()
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes.values():
            for end in pipe:
                with suppress(OSError):
                    os.close(end)
        self._pipes.clear()

    @property
    def read_ends(self) -> tuple[int, ...]:
        return tuple(read for read, _ in self._pipes.values())

    def fill(self, text: str) -> str:
        for name, (read, _) in self._pipes.items():
            text = text.replace("{secret:" + name + "}", f"/dev/fd/{read}")
        return text

    def feed(self) -> None:
        """Write every secret and close our side; secrets are far smaller than a pipe's buffer."""
        for name, (read, write) in self._pipes.items():
            os.close(read)
            with suppress(BrokenPipeError):
                os.write(write, self._values[name])
            os.close(write)
        self._pipes.clear()


class _Reader(threading.Thread):
    """Read one output to its end, line by line, and keep its tail."""

    def __init__(self, process: subprocess.Popen[bytes], stream: IO[bytes] | None, handler: LineHandler | None):
        super().__init__(daemon=True)
        self._process = process
        self._stream = stream
        self._handler = handler
        self._tail = bytearray()
        self.failure: Exception | None = None

    def run(self) -> None:
        assert self._stream is not None
        with suppress(ValueError, OSError):  # closed under us when the program is being ended
            while line := self._stream.readline(_LONGEST_LINE):
                self._keep(line)
                if self._handler is not None and self.failure is None:
                    self._hand_over(line)

    def _hand_over(self, line: bytes) -> None:
        assert self._handler is not None
        try:
            self._handler(line.decode("utf-8", "replace").rstrip("\r\n"))
        except Exception as error:
            self.failure = error
            end_group(self._process.pid)

    def _keep(self, line: bytes) -> None:
        self._tail += line
        if len(self._tail) > 2 * _TAIL_BYTES:
            del self._tail[:-_TAIL_BYTES]

    def tail(self) -> str:
        return self._tail[-_TAIL_BYTES:].decode("utf-8", "replace")
