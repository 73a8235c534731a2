"""The demo's course: what is done in which order, each step with the command a user would have typed."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backup.restic import Restic, find
from cli import output
from cli.demo import district, spoil, supervisor
from cli.demo.district import SERVICES, District
from inventory import reach
from inventory.errors import ExitCode, HoldfastError

MEDIUM = "weekly-a"
CHECKOUT = Path(__file__).resolve().parents[2]
REASON = "answered by the demo"
_BUSY_SECONDS = 3.0
"""How long ordinary work goes on before the backup, and between backup and attack."""


@dataclass(frozen=True)
class Options:
    """How the demo is run."""

    home: Path
    spoil_copy: bool = False
    attack: bool = True
    step: bool = False
    quiet: bool = False


@dataclass
class Course:
    """What came of it: the incident's id, and every command that ended otherwise than it should."""

    incident: str | None = None
    alerts: int = 0
    surprises: list[str] = field(default_factory=list)


def require_restic() -> None:
    """Say at once if restic is missing or too old.

    Raises:
        MissingToolError: with the command that gets it.
    """
    with tempfile.TemporaryDirectory() as cache:
        Restic(find(os.environ, CHECKOUT), Path(cache))


class Demo:
    """One run of the demo in one directory."""

    def __init__(self, options: Options, world: District) -> None:
        self._options = options
        self._world = world
        self._started = time.monotonic()
        self.course = Course()

    def run(self) -> Course:
        """Go through all steps; services, clients and commands end with it, however it ends."""
        with self._services() as clients:
            self._harden()
            self._back_up()
            if self._options.spoil_copy:
                self._spoil()
            self._disturb(clients)
            self._detect()
            if self.course.incident is not None:
                self._recover()
            self._prove()
        return self.course

    @contextmanager
    def _services(self) -> Iterator[reach.Background]:
        self._title(1, "Three services start, with people at work")
        keeper = supervisor.Supervisor(self._world)
        keeper.start()
        clients: reach.Background | None = None
        try:
            for key, service in SERVICES.items():
                self._say("  " + supervisor.ask(self._world.home, "start", key, service.host))
            self._wait_until_normal()
            clients = self._background("cli.demo.clients", "--settings", str(self._world.home / "run" / "clients.json"))
            self._say(f"  five people log in, read and file documents, send messages (pid {clients.pid})")
            self.holdfast("inventory", "validate")
            yield clients
        finally:
            if clients is not None:
                clients.stop(grace=1.0)
            keeper.stop()

    def _harden(self) -> None:
        self._title(2, "The hosts are checked, the change is shown, applied, and checked again")
        self.holdfast("harden", "scan", expect=(0, 1))
        self.holdfast("harden", "plan", expect=(0, 1))
        self.holdfast("harden", "apply", "--yes", expect=(0, 1))

    def _back_up(self) -> None:
        self._title(3, "Backed up, copied to the offline medium, checked, sealed, put away")
        time.sleep(_BUSY_SECONDS)
        from cli.demo import checks

        (self._world.home / "paper").mkdir()
        checks.write_sums(self._world.home)
        self.holdfast("backup", "media", "prepare", MEDIUM)
        self.holdfast("backup", "media", "attach", MEDIUM)
        self.holdfast("backup", "run", "--all")
        self.holdfast("backup", "copy", "--to", MEDIUM)
        self.holdfast("backup", "check", MEDIUM, "--read-data")
        self.holdfast("backup", "media", "seal", MEDIUM)
        self.holdfast("backup", "media", "detach", MEDIUM)
        self.holdfast("backup", "media", "probe", MEDIUM)
        self.holdfast("backup", "status", expect=(0, 1))

    def _spoil(self) -> None:
        self._title(3, "(--spoil copy) The shelved copy is damaged, and nobody is told")
        for line in spoil.damage(self._world.home / "shelf" / MEDIUM, "edoc"):
            self._say(f"  {line}")

    def _disturb(self, clients: reach.Background) -> None:
        if not self._options.attack:
            self._title(4, "(--no-attack) People go on working; nothing happens")
            time.sleep(2 * _BUSY_SECONDS)
            return
        self._title(4, "The attack; detection and recovery are told nothing of what it does")
        time.sleep(_BUSY_SECONDS)
        settings = district.attack_settings(self._world, linger=_BUSY_SECONDS)
        self._run((sys.executable, "-m", "cli.demo.attack", "--settings", str(settings)), "the attacker at work")
        time.sleep(1.0)
        clients.stop(grace=1.0)

    def _detect(self) -> None:
        self._title(5, "Rules over the services' logs; an incident; its clocks; decisions of people")
        self.holdfast("detect", "run", expect=(0, 1))
        alerts = json.loads(self.capture("detect", "alerts", "list", "--json"))
        self.course.alerts = len(alerts)
        if not alerts:
            self._say("  no alert")
            return
        opened = self.capture(
            "incident", "open", "--from-alerts", "--title", "Log-ins from outside, documents unreadable", "--json"
        )
        self.course.incident = json.loads(opened)["incident"]
        self.holdfast("incident", "ack")
        self._say(f"  (the two decisions that follow are {REASON}; on a real night a named person makes them)")
        self.holdfast("incident", "classify", "--serious", "--reason", REASON)
        receipt = f"the demo's police lead, {REASON}"
        self.holdfast("incident", "notify", self.course.incident, "police", "--told", "--receipt", receipt)
        self.holdfast("incident", expect=(0, 1))

    def _recover(self) -> None:
        self._title(6, "Hosts installed anew and hardened; medium fetched and checked; systems brought back in order")
        for service in SERVICES.values():
            evidence = district.reinstall(self._world, service.host)
            self._say(f"  {service.host} installed anew; its attacked files lie in {evidence}")
        self.holdfast("harden", "apply", "--yes", expect=(0, 1))
        self.holdfast("backup", "media", "attach", MEDIUM)
        spoiled = (1,) if self._options.spoil_copy else (0,)
        self.holdfast("backup", "check", MEDIUM, "--read-data", expect=spoiled)
        approve = ("--approve", "clean-target", "--approve", "stolen-accounts", "--reason", REASON)
        self._say(f"  (the gates `clean-target` and `stolen-accounts` are {REASON})")
        self.holdfast("recover", "run", *approve, expect=(3,) if self._options.spoil_copy else (0,))
        if not self._options.spoil_copy:
            self.holdfast("incident", "close", "--reason", f"every system's own tests pass; {REASON}")
        self.holdfast("backup", "media", "detach", MEDIUM)
        self.holdfast("backup", "media", "probe", MEDIUM)

    def _prove(self) -> None:
        self._title(7, "What it came to")
        if self.course.incident is not None:
            report = self._world.home / "report.html"
            self.holdfast("report", "incident", self.course.incident, "--to", str(report))
        self.holdfast("ledger", "checkpoint", "--to", str(self._world.home / "paper" / "checkpoint.json"))
        self.holdfast("ledger", "verify", "--against", str(self._world.home / "paper" / "checkpoint.json"))
        self.holdfast("readiness", expect=(0, 1))

    def holdfast(self, *words: str, expect: tuple[int, ...] = (0,)) -> None:
        """Run one command as a user would, showing it and what it prints; note an end that was not expected."""
        code = self._run((sys.executable, "-m", "cli.app", *words), f"$ holdfast {shlex.join(words)}")
        if code not in expect:
            self.course.surprises.append(f"holdfast {shlex.join(words)} ended with {code}")

    def capture(self, *words: str) -> str:
        """Run one command, show it, and return its output.

        Raises:
            HoldfastError: it did not end well.
        """
        self._say(f"$ holdfast {shlex.join(words)}")
        outcome = reach.run(self._command((sys.executable, "-m", "cli.app", *words)))
        if outcome.exit_code not in (ExitCode.DONE, ExitCode.FINDINGS):
            raise HoldfastError(f"holdfast {words[0]} failed: {outcome.stderr.strip()}")
        return outcome.stdout

    def _run(self, argv: tuple[str, ...], shown: str) -> int:
        self._say(shown)

        def show(line: str) -> None:
            self._say(f"  {line}")

        return reach.run(self._command(argv), on_stdout=show, on_stderr=show).exit_code

    def _command(self, argv: tuple[str, ...]) -> reach.Command:
        env = {"HOLDFAST_SITE": str(self._world.site), "COLUMNS": "150"}
        if "HOLDFAST_RESTIC" in os.environ:
            env["HOLDFAST_RESTIC"] = os.environ["HOLDFAST_RESTIC"]
        return reach.Command(argv, env=env, cwd=self._world.home, limit=600)

    def _background(self, module: str, *words: str) -> reach.Background:
        command = reach.Command((sys.executable, "-m", module, *words))
        return reach.Background(command, self._world.home / "run" / f"{module}.out")

    def _wait_until_normal(self) -> None:
        from cli.demo.services.base import call

        deadline = time.monotonic() + 20
        for key in SERVICES:
            while call(f"{self._world.url(key)}/health")[0] != 200:
                if time.monotonic() > deadline:
                    raise HoldfastError(f"{key} did not start", hint=f"look at {self._world.home / 'run'}")
                time.sleep(0.05)

    def _title(self, number: int, words: str) -> None:
        if self._options.step and sys.stdin.isatty():
            output.wait(f"\n[Enter] for step {number}: {words}")
        self._say(f"\n── {number}/7  {words}  ({time.monotonic() - self._started:.0f} s)")

    def _say(self, text: str) -> None:
        if not self._options.quiet:
            output.line(text)
            output.flush()


@contextmanager
def cleared(home: Path, say: Callable[[str], None]) -> Iterator[Path]:
    """Claim the demo's directory, end what an earlier demo left running, and mark every child of this one."""
    home = home.resolve()
    if (left := supervisor.reap(home)) > 0:
        say(f"ended {left} processes an interrupted demo had left")
    claimed = district.claim(home)
    os.environ["HOLDFAST_DEMO_RUN"] = str(claimed)
    try:
        yield claimed
    finally:
        supervisor.reap(claimed)
        del os.environ["HOLDFAST_DEMO_RUN"]
