"""One program on a host: started in a session of its own, fed, limited, ended with all of its session."""

from __future__ import annotations

import base64
import os
import pwd
import shutil
import signal
import subprocess
import time
from contextlib import suppress

from inventory.onhost.frames import CHUNK, OFFSET, Json, Kind, pack

WINDOW = 4 << 20  # sent and not yet acknowledged, of one output
BUFFER = 8 << 20  # kept and not yet acknowledged, of one output; with more the program has to wait
TAIL = 1_000_000
CLOSING_SECONDS = 2.0
GIVE_UP_SECONDS = 10.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class MissingError(OSError):
    """The program is not on this host."""


class Stream:
    """One output: what was not acknowledged yet and the last megabyte, by offsets since the program began."""

    def __init__(self, kind: bytes) -> None:
        self.kind, self.fd, self.heard = kind, -1, 0.0
        self.base = self.acked = self.sent = 0
        self.kept = bytearray()

    @property
    def end(self) -> int:
        """Return how much was said so far."""
        return self.base + len(self.kept)

    @property
    def has_room(self) -> bool:
        """Tell whether more may be read."""
        return self.end - self.acked < BUFFER

    def read(self) -> bool:
        """Read once; False when nothing came."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return False
        self.kept += data
        self.heard = time.monotonic()
        self._trim()
        if not data:
            self.close()
        return bool(data)

    def close(self) -> None:
        """Read no more."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def acknowledge(self, offset: int) -> None:
        """Note that everything before `offset` has been handed over."""
        self.acked = max(self.acked, min(offset, self.end))
        self._trim()

    def rewind(self, offset: int | None) -> None:
        """Send from `offset` next, or from the first byte that is kept."""
        self.sent = min(max(offset or 0, self.base), self.end)

    def next_frame(self) -> bytes:
        """Return the next piece to send, or nothing."""
        size = min(CHUNK, self.end - self.sent, max(self.acked, self.base) + WINDOW - self.sent)
        if size <= 0:
            return b""
        start, at = self.sent, self.sent - self.base
        self.sent += size
        return pack(self.kind, OFFSET.pack(start) + self.kept[at : at + size])

    def _trim(self) -> None:
        spare = min(self.acked, self.sent, self.end - TAIL) - self.base
        if spare > TAIL:
            del self.kept[:spare]
            self.base += spare


class Input:
    """What the program is given to read; it may come twice, by offset, and is written once."""

    def __init__(self) -> None:
        self.fd, self.got, self.written, self.ends_at = -1, 0, 0, -1
        self.waiting = bytearray()

    def take(self, offset: int, data: bytes) -> None:
        """Take the part of a piece that is new."""
        if offset <= self.got:
            new = data[self.got - offset :]
            self.got += len(new)
            self.waiting += new

    def write(self) -> None:
        """Write what the program reads now; close it after the end."""
        try:
            while self.waiting and self.fd >= 0:
                count = os.write(self.fd, self.waiting[:CHUNK])
                del self.waiting[:count]
        except BlockingIOError:
            pass
        except OSError:  # it reads no more
            self.close()
        if self.fd < 0:
            self.waiting.clear()
        self.written = self.got - len(self.waiting)
        if self.written == self.ends_at:
            self.close()

    def close(self) -> None:
        """Let the program see the end of its input."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class Program:
    """The program with its session. `result` says how it ended, once it has."""

    def __init__(self) -> None:
        self.outputs = (Stream(Kind.OUT), Stream(Kind.ERR))
        self.input = Input()
        self.process: subprocess.Popen[bytes] | None = None
        self.result: Json | None = None
        self.ending = False
        self._why, self._grace, self._asked = "", 2.0, Json()
        self._started, self._deadline = time.monotonic(), float("inf")
        self._kill_at = self._exited_at = self._look_at = 0.0

    def start(self, order: Json) -> None:
        """Start what the order says; when that fails there is a result at once."""
        self._grace = float(order["grace"])
        self._asked = {"program": order["argv"][0], "limit": order["limit"]}
        if order["limit"] is not None:
            self._deadline = self._started + float(order["limit"])
        (out, out_end), (err, err_end), (in_end, self.input.fd) = os.pipe(), os.pipe(), os.pipe()
        self.outputs[0].fd, self.outputs[1].fd = out, err
        for fd in (out, err, self.input.fd):
            os.set_blocking(fd, False)
        failure: Json = {}
        try:
            self.process = launch(order, in_end, out_end, err_end)
        except (OSError, ValueError) as error:
            failure = {"error": str(error), "missing": isinstance(error, MissingError)}
        for fd in (out_end, err_end, in_end):
            os.close(fd)
        if not order["input"]:
            self.input.close()
        if failure:
            self._conclude(failure)

    def end(self, why: str) -> None:
        """Begin to end it: terminate its session now, kill what is left after the grace."""
        if self.process is not None and self.result is None and not self.ending:
            self.ending, self._why, self._kill_at = True, why, time.monotonic() + self._grace
            send(members(self.process.pid), signal.SIGTERM)

    def look_after(self, now: float) -> None:
        """See whether it is over its limit, or ended. It is reaped last: until then nobody else gets its process id."""
        if self.process is None or self.result is not None or now < self._look_at:
            return
        if now >= self._deadline:
            self.end("limit")
        if not self._exited_at and os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            self._exited_at = now
        if self.ending:
            self._look_at = now + 0.02
            left = members(self.process.pid)
            if now >= self._kill_at:
                send(left, signal.SIGKILL)
            if (self._exited_at and not left) or now > self._kill_at + GIVE_UP_SECONDS:
                self._conclude({"left": left})
        elif self._exited_at:
            self._close(now)

    def _close(self, now: float) -> None:
        """End well, when everything was said; a grandchild that holds an output open and is silent is ended."""
        talking = [stream for stream in self.outputs if stream.fd >= 0]
        if not talking:
            self._conclude({})
            return
        heard = max(self._exited_at, *(stream.heard for stream in talking))
        if all(stream.has_room for stream in talking) and now - heard > CLOSING_SECONDS:
            self.end("")

    def _conclude(self, more: Json) -> None:
        for stream in self.outputs:
            for _ in range(BUFFER // CHUNK):  # one that left the session may go on talking
                if stream.fd < 0 or not stream.read():
                    break
            stream.close()
        self.input.close()
        code = None if self.process is None else self.process.poll()
        ends = [stream.end for stream in self.outputs]
        seconds = time.monotonic() - self._started
        said = {"exit_code": code, "why": self._why, "seconds": seconds, "ends": ends, "left": []}
        self.result = {**self._asked, **said, **more}


def launch(order: Json, stdin: int, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    """Start the program in a session of its own; if the keeper is killed, the kernel ends it.

    Secrets become pipes: filled once, readable once, `{secret:NAME}` becomes `/dev/fd/N`.
    """
    pipes = {name: os.pipe() for name in order["secrets"]}

    def fill(text: str) -> str:
        for name, (read, _) in pipes.items():
            text = text.replace("{secret:" + name + "}", f"/dev/fd/{read}")
        return text

    try:
        for name, (_, write) in pipes.items():
            os.set_blocking(write, False)
            os.write(write, base64.b64decode(order["secrets"][name]))
        env = surroundings()
        env.update({name: fill(value) for name, value in order["env"].items()})
        argv = [fill(word) for word in order["argv"]]
        program = shutil.which(argv[0], path=env["PATH"])
        if program is None:
            raise MissingError(argv[0])
        guard = shutil.which("setpriv", path=PATH)
        return subprocess.Popen(
            [*([guard, "--pdeathsig", "KILL", "--"] if guard else []), program, *argv[1:]],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=env,
            cwd=order["cwd"] or "/",
            start_new_session=True,
            pass_fds=[read for read, _ in pipes.values()],
        )
    finally:
        for fd in (end for pipe in pipes.values() for end in pipe):
            os.close(fd)


def surroundings() -> dict[str, str]:
    """Return the few variables a program sees beside those of its order."""
    me = pwd.getpwuid(os.geteuid())
    locale = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    return {"PATH": PATH, "HOME": me.pw_dir, "USER": me.pw_name, "LOGNAME": me.pw_name, **locale}


def members(session: int) -> list[int]:
    """Return the processes of a session that are alive."""
    found = []
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        fields = status(pid)
        if fields and int(fields[3]) == session and fields[0] not in "ZX":
            found.append(pid)
    return found


def status(pid: int) -> list[str]:
    """Return what the kernel says about a process from its state on, or nothing; 3 is its session, 19 its birth."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def send(pids: list[int], number: int) -> None:
    """Send a signal to each; those that are gone or not ours are passed over."""
    for pid in pids:
        with suppress(OSError):
            os.kill(pid, number)
