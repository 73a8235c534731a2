"""The demo's course: what is done in which order, each step with the command a user would have typed."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backup.restic import Restic, find
from cli.demo import checks, district, signing, spoil, supervisor
from cli.demo.district import MEDIUM, SERVICES, District
from cli.demo.services.base import call
from cli.demo.shell import Shell
from inventory import reach
from inventory.errors import HoldfastError

CHECKOUT = Path(__file__).resolve().parents[2]
REASON = "answered by the demo"
_BUSY_SECONDS = 2.0
"""How long ordinary work goes on before the backup, and between backup and attack."""


@dataclass(frozen=True)
class Options:
    """How the demo is run."""

    home: Path
    spoil_copy: bool = False
    attack: bool = True
    step: bool = False
    quiet: bool = False
    full: bool = False


@dataclass
class Course:
    """What came of it: the incident's id, and every command that ended otherwise than it should."""

    incident: str | None
    surprises: list[str]


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
        self._shell = Shell(world, step=options.step, quiet=options.quiet, full=options.full)

    def run(self) -> Course:
        """Go through all steps; services, clients and commands end with it, however it ends."""
        with self._services() as clients:
            self._harden()
            self._back_up()
            if self._options.spoil_copy:
                self._spoil()
            self._disturb(clients)
            incident = self._detect()
            if incident is not None:
                self._recover()
            self._prove(incident)
        return Course(incident, self._shell.surprises)

    @contextmanager
    def _services(self) -> Iterator[reach.Background]:
        self._shell.title(1, "Three services start, with people at work")
        keeper = supervisor.Supervisor(self._world)
        keeper.start()
        clients: reach.Background | None = None
        try:
            said = [supervisor.ask(self._world.home, "start", key, service.host) for key, service in SERVICES.items()]
            self._shell.say("  " + ", ".join(said))
            self._wait_until_normal()
            clients = self._shell.background(
                "cli.demo.clients", "--settings", str(self._world.home / "run" / "clients.json")
            )
            self._shell.say(f"  five people log in, read and file documents, send messages (pid {clients.pid})")
            self._shell.holdfast("inventory", "validate")
            yield clients
        finally:
            if clients is not None:
                clients.stop(grace=1.0)
            keeper.stop()

    def _harden(self) -> None:
        self._shell.title(2, "The hosts are checked, the change is shown, applied, and checked again")
        self._shell.holdfast("harden", "scan", expect=(1,), tail=1)
        self._shell.holdfast("harden", "plan", "--host", "documents-1", expect=(1,), head=4)
        self._shell.holdfast("harden", "apply", "--yes", tail=1)

    def _back_up(self) -> None:
        self._shell.title(3, "Backed up, copied to the offline medium, checked, sealed, put away")
        time.sleep(_BUSY_SECONDS)
        (self._world.home / "paper").mkdir()
        checks.write_sums(self._world.home)
        self._shell.holdfast("backup", "media", "prepare", MEDIUM)
        self._shell.holdfast("backup", "media", "attach", MEDIUM)
        self._shell.holdfast("backup", "run", "--all", tail=1)
        self._shell.holdfast("backup", "copy", "--to", MEDIUM, tail=1)
        self._shell.holdfast("backup", "check", MEDIUM, "--read-data", tail=1)
        self._shell.holdfast("backup", "media", "seal", MEDIUM)
        self._shell.holdfast("backup", "media", "detach", MEDIUM)
        self._shell.holdfast("backup", "media", "probe", MEDIUM, tail=1)

    def _spoil(self) -> None:
        self._shell.title(3, "(--spoil copy) The shelved copy is damaged, and nobody is told")
        for line in spoil.damage(self._world.home / "shelf" / MEDIUM, "edoc"):
            self._shell.say(f"  {line}")

    def _disturb(self, clients: reach.Background) -> None:
        if not self._options.attack:
            self._shell.title(4, "(--no-attack) People go on working; nothing happens")
            time.sleep(2 * _BUSY_SECONDS)
            return
        self._shell.title(4, "The attack; detection and recovery are told nothing of what it does")
        time.sleep(_BUSY_SECONDS)
        settings = district.attack_settings(self._world, linger=_BUSY_SECONDS)
        argv = (sys.executable, "-P", "-m", "cli.demo.attack", "--settings", str(settings))
        self._shell.run(argv, "the attacker at work", "attack")
        time.sleep(1.0)
        clients.stop(grace=1.0)

    def _detect(self) -> str | None:
        self._shell.title(5, "Rules over the services' logs; an incident; its clocks; decisions of people")
        self._shell.holdfast("detect", "run", expect=(1,) if self._options.attack else (0,), tail=1)
        alerts = json.loads(self._shell.capture("detect", "alerts", "list", "--json"))
        for line in _gist(alerts):
            self._shell.say(f"  {line}")
        if not alerts:
            self._shell.say("  no alert")
            return None
        opened = self._shell.capture(
            "incident", "open", "--from-alerts", "--title", "Log-ins from outside, documents unreadable", "--json"
        )
        incident: str = json.loads(opened)["incident"]
        self._shell.holdfast("incident", "ack", head=0)
        self._shell.say(f"  (the two decisions that follow are {REASON}; on a real night a named person makes them)")
        self._shell.holdfast("incident", "classify", "--serious", "--reason", REASON, head=0)
        receipt = f"the demo's police lead, {REASON}"
        self._shell.holdfast("incident", "notify", incident, "police", "--told", "--receipt", receipt, head=0)
        self._shell.holdfast("incident", expect=(1,), head=8)
        return incident

    def _recover(self) -> None:
        self._shell.title(6, "Clean hosts, hardened; the medium fetched and checked; systems brought back in order")
        for service in SERVICES.values():
            district.reinstall(self._world, service.host)
        self._shell.say(f"  three hosts installed anew; their attacked files lie in {self._world.home / 'evidence'}")
        self._shell.holdfast("harden", "apply", "--yes", tail=1)
        self._shell.holdfast("backup", "media", "attach", MEDIUM)
        self._shell.holdfast(
            "recover",
            "run",
            *self._sign(),
            "--reason",
            REASON,
            expect=(3,) if self._options.spoil_copy else (0,),
            tail=1,
        )
        if not self._options.spoil_copy:
            self._shell.holdfast("incident", "close", "--reason", f"every system's own tests pass; {REASON}")
        self._shell.holdfast("backup", "media", "detach", MEDIUM)
        self._shell.holdfast("backup", "media", "probe", MEDIUM, tail=1)

    def _sign(self) -> list[str]:
        """Sign what the gates ask, as the person who may approve them would, and return the options that say so."""
        folder = self._world.home / "to-sign"
        folder.mkdir()
        self._shell.say(f"  (the gates are {REASON}, signed with a key it made; a claim without a signature is amber)")
        asked = json.loads(self._shell.capture("recover", "requests", "--to", str(folder), "--json"))
        options = []
        for each in asked["requests"]:
            argv = signing.command(self._world.home, Path(each["file"]))
            if self._shell.run(argv, f"$ {shlex.join(argv)}", "sign", head=0) != 0:
                self._shell.surprises.append(f"{each['file']} could not be signed")
            options += ["--approve", each["gate"], "--approval", f"{each['file']}.sig"]
        return options

    def _prove(self, incident: str | None) -> None:
        self._shell.title(7, "What it came to")
        if incident is not None:
            self._shell.holdfast("incident", "timeline", incident, tail=18)
            report = self._world.home / "report.html"
            self._shell.holdfast("report", "incident", incident, "--to", str(report))
        self._shell.holdfast(
            "ledger", "checkpoint", "--to", str(self._world.home / "paper" / "checkpoint.json"), tail=1
        )
        self._shell.holdfast(
            "ledger", "verify", "--against", str(self._world.home / "paper" / "checkpoint.json"), tail=1
        )
        self._shell.holdfast("readiness", expect=(0, 1), tail=3)

    def _wait_until_normal(self) -> None:
        deadline = time.monotonic() + 20
        for key in SERVICES:
            while call(f"{self._world.url(key)}/health")[0] != 200:
                if time.monotonic() > deadline:
                    raise HoldfastError(f"{key} did not start", hint=f"look at {self._world.home / 'run'}")
                time.sleep(0.05)


def _gist(alerts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one line per rule that fired: level, title, systems, events."""
    rules: dict[str, list[Mapping[str, Any]]] = {}
    for alert in alerts:
        rules.setdefault(f"{alert['level']}: {alert['title']}", []).append(alert)
    return [
        f"{title} ({', '.join(alert['system'] for alert in same)}; {sum(alert['count'] for alert in same)} events)"
        for title, same in rules.items()
    ]


@contextmanager
def cleared(home: Path, say: Callable[[str], None]) -> Iterator[Path]:
    """Claim the demo's directory, end what an earlier demo left running, and mark every child of this one."""
    home = home.resolve()
    with supervisor.alone(home):
        if (left := supervisor.reap(home)) > 0:
            say(f"ended {left} processes an interrupted demo had left")
        claimed = district.claim(home)
        os.environ["HOLDFAST_DEMO_RUN"] = str(claimed)
        try:
            yield claimed
        finally:
            supervisor.reap(claimed)
            del os.environ["HOLDFAST_DEMO_RUN"]
