"""The demo's init: starts and stops services on request, and writes to each host's journal what became of them."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cli.clock import SystemClock
from cli.demo.district import SERVICES, District
from inventory import reach
from inventory.errors import HoldfastError, RefusedError

_POLL_SECONDS = 0.1
_SOCKET = "supervisor.sock"
_CANNOT = "cannot"


@dataclass
class _Unit:
    name: str
    host: str
    process: reach.Background


class Supervisor(threading.Thread):
    """Owns the services' processes; all of them end with it, and with the demo itself."""

    def __init__(self, district: District) -> None:
        super().__init__(daemon=True)
        self._district = district
        self._units: dict[str, _Unit] = {}
        self._over = threading.Event()
        run = district.home / "run"
        run.mkdir(exist_ok=True)
        path = run / _SOCKET
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        _bind(self._listener, path)
        self._listener.listen(8)
        self._listener.settimeout(_POLL_SECONDS)

    def run(self) -> None:
        """Serve requests and watch the services until told to stop."""
        while not self._over.is_set():
            self._watch()
            with suppress(TimeoutError):
                connection, _ = self._listener.accept()
                with connection, suppress(OSError, ValueError):
                    connection.settimeout(30)
                    connection.sendall(self._obey(json.loads(connection.recv(4096))).encode())
        for unit in self._units.values():
            unit.process.stop(grace=1.0)
        self._listener.close()

    def stop(self) -> None:
        """End every service and the supervisor."""
        self._over.set()
        self.join(30)

    def _obey(self, wish: dict[str, str]) -> str:
        name, host = wish["service"], wish["host"]
        match wish["do"]:
            case "start":
                if (unit := self._units.get(name)) is not None and unit.process.ended() is None:
                    if unit.host != host:  # what answers there is not what was restored here
                        return f"{_CANNOT} start {name} on {host}: it runs on {unit.host}"
                    return f"{name} already runs on {unit.host}"
                self._start(name, host)
                return f"started {name} on {host}"
            case "stop":
                if (unit := self._units.pop(name, None)) is not None:
                    unit.process.stop(grace=2.0)
                    self._journal(unit.host, 6, f"{name}.service: Deactivated successfully.", name)
                return f"stopped {name}"
            case other:
                return f"{_CANNOT} {other}"

    def _start(self, name: str, host: str) -> None:
        service = SERVICES[name]
        root = self._district.hosts / host
        (root / "var" / "log").mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-P", "-m", f"cli.demo.services.{service.module}", "--root", str(root), "--host", host]
        argv += ["--port", str(self._district.ports[name])]
        if name != "sso":
            argv += ["--signon", self._district.url("sso")]
        output = self._district.home / "run" / f"{name}.out"
        self._units[name] = _Unit(name, host, reach.Background(reach.Command(tuple(argv)), output))
        self._journal(host, 6, f"Started {name}.service - {service.title}.", name)

    def _watch(self) -> None:
        for name, unit in list(self._units.items()):
            ended = unit.process.ended()
            if ended is None:
                continue
            del self._units[name]
            if ended < 0:
                how = f"code=killed, status={-ended}/{signal.Signals(-ended).name.removeprefix('SIG')}"
                result = "signal"
            else:
                how, result = f"code=exited, status={ended}/FAILURE", "exit-code"
            self._journal(unit.host, 5, f"{name}.service: Main process exited, {how}", name)
            self._journal(unit.host, 4, f"{name}.service: Failed with result '{result}'.", name)

    def _journal(self, host: str, priority: int, message: str, name: str) -> None:
        log = self._district.hosts / host / "var" / "log" / "journal.jsonl"
        if not log.parent.is_dir():
            return
        entry = {
            "__REALTIME_TIMESTAMP": str(int(SystemClock().now().timestamp() * 1_000_000)),
            "_HOSTNAME": host,
            "_SYSTEMD_UNIT": "init.scope",
            "UNIT": f"{name}.service",
            "SYSLOG_IDENTIFIER": "systemd",
            "PRIORITY": str(priority),
            "_PID": "1",
            "MESSAGE": message,
        }
        with log.open("a", encoding="utf-8") as out:
            out.write(json.dumps(entry) + "\n")


def ask(home: Path, do: str, service: str, host: str) -> str:
    """Ask the demo's supervisor to start or stop a service; return what it says.

    Raises:
        HoldfastError: no demo runs in `home`, or it cannot do so.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(30)
        try:
            _connect(connection, home / "run" / _SOCKET)
            connection.sendall(json.dumps({"do": do, "service": service, "host": host}).encode())
            said = connection.recv(4096).decode()
        except OSError as error:
            raise HoldfastError(
                f"no demo is running in {home}: its services end with it", hint=f"holdfast demo --dir {home}"
            ) from error
    if said.startswith(_CANNOT):
        raise HoldfastError(said)
    return said


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Let no second demo into the same directory; the kernel ends the claim with its process.

    Raises:
        RefusedError: one runs there.
    """
    name = hashlib.sha256(str(home).encode()).hexdigest()[:32]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as claim:
        try:
            claim.bind(f"\0holdfast-demo-{name}")
        except OSError as error:
            raise RefusedError(f"a demo is running in {home}", hint="wait for it, or choose another --dir") from error
        yield


def reap(home: Path) -> int:
    """Kill what an earlier demo in `home` left behind, found by the mark every child of a demo carries."""
    mark = f"HOLDFAST_DEMO_RUN={home}".encode()
    killed = 0
    for _ in range(50):
        found = [pid for pid in _own_processes() if mark in _environment(pid).split(b"\0")]
        if not found:
            break
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        time.sleep(_POLL_SECONDS)
    return killed


def _own_processes() -> list[int]:
    return [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid()
    ]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _bind(listener: socket.socket, path: Path) -> None:
    _short(listener.bind, path)


def _connect(connection: socket.socket, path: Path) -> None:
    _short(connection.connect, path)


def _short(use: Callable[[str], None], path: Path) -> None:
    """Use a socket's path through its folder's descriptor: a socket's name may hold only 107 bytes."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        use(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
