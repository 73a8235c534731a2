"""The door to processes: run a program here or on a host, stream what it says, leave nothing behind.

Secrets travel through inherited pipes: name one in `Command.secrets` and write `{secret:NAME}` where the
program wants a file name; it sees `/dev/fd/N`. They are never in argv, environment or on disk.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

from inventory import onhost, order, remote, verdict
from inventory.command import (
    LARGEST_SECRET,
    Command,
    Outcome,
    TimeLimitError,
    UnreachableError,
    base_environment,
    missing,
    past_limit,
)
from inventory.errors import HoldfastError
from inventory.group import end_group
from inventory.pipes import BytesHandler, Ear, Feeder, LineHandler, Reader, Secrets
from inventory.ssh import SSH, Ssh, arguments, by_sudo, certain, failure
from inventory.system import Host

__all__ = [
    "Background",
    "Command",
    "LineHandler",
    "Outcome",
    "Ssh",
    "TimeLimitError",
    "UnreachableError",
    "attach",
    "base_environment",
    "end_group",
    "forget",
    "require_local",
    "run",
]

_CLOSING_SECONDS = 2.0
_LAST_SECONDS = 0.3

_Listening = list[tuple[LineHandler | None, BytesHandler | None]]


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
    on: Host | None = None,
    ssh: Ssh | None = None,
    name: str | None = None,
    on_stdout: LineHandler | None = None,
    on_stderr: LineHandler | None = None,
    on_bytes: BytesHandler | None = None,
) -> Outcome:
    """Run a program to its end, handing over each line, or its output's raw bytes, as they come.

    The program and its children form a session of their own; on a time limit, an interruption or a failing
    handler all of them are ended (terminate, then kill). If Holdfast itself dies they end too.

    Args:
        command: what to run.
        on: where; this machine, if not given or if its connection is local.
        ssh: how hosts are reached; needed for a host that is not this machine.
        name: a run on another host that has a name (8 to 64 letters, digits, dashes) can be come back to: if the
            host knows it already, it is followed and not begun, and its result stays there until `forget`. On this
            machine a name has no effect.
        on_stdout: takes each line of the output.
        on_stderr: takes each line of the error output.
        on_bytes: takes the output as it is, in pieces.

    Raises:
        HoldfastError: the program is not there or may not be run.
        TimeLimitError: `command.limit` passed.
        UnreachableError: the host cannot be reached; nothing was begun. Its subclasses and `HostKeyChangedError`
            (exit 4) say why.
        InDoubtError: it was begun on the host, and how it ended is not known.
        StillRunningError: it was to be ended, and the host does not confirm it.
    """
    listening = [(on_stdout, on_bytes), (on_stderr, None)]
    if on is None or on.connection == "local":
        return _run_here(command, listening)
    return _run_there(command, on, ssh, order.Run(name or order.new_name(), stays=name is not None), listening)


def attach(
    name: str,
    *,
    on: Host,
    ssh: Ssh | None,
    as_root: bool = False,
    on_stdout: LineHandler | None = None,
    on_stderr: LineHandler | None = None,
) -> Outcome:
    """Follow a run on a host that was begun with this name, or return how it ended; its result stays there.

    Raises:
        NoSuchRunError: the host knows no such run.
        HoldfastError: as `run`.
    """
    command = Command((), as_root=as_root)
    listening: _Listening = [(on_stdout, None), (on_stderr, None)]
    return _run_there(command, on, ssh, order.Run(name, stays=True, may_begin=False), listening)


def forget(name: str, *, on: Host, ssh: Ssh | None, as_root: bool = False) -> None:
    """Give up the result of a run that has a name; one that is still running is waited for.

    Raises:
        HoldfastError: as `run`; not that the host does not know it.
    """
    command, deaf = Command((), as_root=as_root), (None, None)
    with suppress(verdict.NoSuchRunError):
        _run_there(command, on, ssh, order.Run(name, may_begin=False), [deaf, deaf])


def _run_here(command: Command, listening: _Listening) -> Outcome:
    with Secrets(command.secrets) as secrets:
        started = time.monotonic()
        process = _start(command, secrets)
        assert process.stdout is not None
        assert process.stderr is not None
        end = partial(end_group, process.pid)
        ears = [Ear(on_line, end, on_bytes) for on_line, on_bytes in listening]
        readers = [Reader(process.stdout, ears[0]), Reader(process.stderr, ears[1])]
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
    for ear in ears:
        if ear.failure is not None:
            raise ear.failure
    return Outcome(process.returncode, ears[0].tail(), ears[1].tail(), time.monotonic() - started)


def _run_there(command: Command, host: Host, ssh: Ssh | None, run: order.Run, listening: _Listening) -> Outcome:
    if host.connection not in SSH or ssh is None:
        how = f"over {host.connection}" if host.connection not in SSH else "over ssh, and no known_hosts was given"
        raise UnreachableError(
            f"{host.name} is reached {how}; Holdfast reaches hosts over ssh only",
            hint=f"look at ansible_connection of {host.name} in the inventory",
        )
    if host.unclear:
        raise UnreachableError(
            f"where {host.name} is cannot be known here: {', '.join(host.unclear)}",
            hint="write its address, port and user into the inventory as they are",
        )
    for name, value in command.secrets.items():
        if len(value) >= LARGEST_SECRET:
            raise HoldfastError(f"the secret {name} is too large for a pipe", hint="a secret has less than 64 KiB")
    argv = tuple(arguments(host, ssh, as_root=command.as_root))

    def explain(code: int | None, said: str, began: bool) -> tuple[HoldfastError, bool]:
        error = failure(host, code, said, began=began)
        return error, certain(error, said, began=began)

    preface = b"" if by_sudo(host, as_root=command.as_root) else onhost.line()
    way = order.Way(host.name, ssh, lambda: _SshLink(argv), preface, explain)
    ears = [Ear(on_line, lambda: None, on_bytes) for on_line, on_bytes in listening]
    return remote.Session(way, run, command, (ears[0], ears[1])).run()


class _SshLink:
    """One ssh process; the kernel ends it if we die."""

    def __init__(self, argv: tuple[str, ...]) -> None:
        agent = {"SSH_AUTH_SOCK": os.environ["SSH_AUTH_SOCK"]} if "SSH_AUTH_SOCK" in os.environ else {}
        with Secrets({}) as secrets:
            self._process = _start(Command(argv, env=agent, stdin=b""), secrets)
        ends = (self._process.stdout, self._process.stdin, self._process.stderr)
        self._ends = [end for end in ends if end is not None]
        self.source, self.sink, self.complaints = (end.fileno() for end in self._ends)
        for end in (self.source, self.sink, self.complaints):
            os.set_blocking(end, False)

    def close(self) -> int | None:
        """End it; return its exit code if it had ended by itself."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_SECONDS)
        code = self._process.poll()
        if code is None:
            end_group(self._process.pid, _LAST_SECONDS)
            self._process.wait()
        for end in self._ends:
            with suppress(OSError):
                end.close()
        return code


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


def _start(command: Command, secrets: Secrets, out: IO[bytes] | int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    argv = [secrets.fill(part) for part in command.argv]
    env = base_environment() | {name: secrets.fill(value) for name, value in command.env.items()}
    program = shutil.which(argv[0], path=env.get("PATH"))
    if program is None:
        raise missing(argv[0])
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
        raise past_limit(command) from error


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
