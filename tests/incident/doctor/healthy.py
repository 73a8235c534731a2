"""A small site that lacks nothing: copied, put away, proved, watched, with people enough."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from backup import media, sealing
from cli.clock import SystemClock
from detect import ruleset, sweep
from incident.doctor import examine
from incident.doctor.examine import Examination
from incident.doctor.finding import Finding
from incident.doctor.patient import Machine, Patient, Room, open_ledger
from incident.watch import heartbeat
from incident.watch.heartbeat import Beat
from incident.watch.parts import PARTS
from inventory.clock import Clock
from ledger.ledger import Ledger
from tests.backup.world import HOST, LABEL, World

ROOMY = Room(80, 100, 90, 100)
_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{}{}"
_EVERYBODY = "[operator, responder, approver, security]"
PEOPLE = f"""
people:
  - {{name: Lan, login: root, roles: {_EVERYBODY}, key: "{_KEY.format("Lan", "a" * 40)}"}}
  - {{name: Minh, login: daemon, roles: {_EVERYBODY}, key: "{_KEY.format("Minh", "b" * 39)}"}}
contacts:
  police: {{name: Duty officer, phone: +84 000, verified: {date.today() - timedelta(days=30)}}}
"""
ROSTER = f"shifts:\n- {{from: 2026-01-01 08:00, until: {date.today().year + 2}-01-01 08:00, login: root}}\n"


def make(world: World) -> World:
    """Take a site whose copies lie in its vault and on an attached medium the rest of the way."""
    site = world.root / "site"
    (site / "people.yml").write_text(PEOPLE)
    (site / "registers").mkdir()
    (site / "registers" / "roster.yml").write_text(ROSTER)
    inventory = site / "inventory" / "edoc.yml"
    text = inventory.read_text()
    if "logs:" not in text:
        inventory.write_text(text.rstrip() + f"\n      logs: [{{host: {HOST}, file: /var/log/auth.log}}]\n")
    log = world.root / "hosts" / HOST / "var/log/auth.log"
    log.parent.mkdir(parents=True)
    log.write_text("Nov 23 03:10:00 documents-1 sshd[1]: Server listening on 0.0.0.0 port 22.\n")
    settings = site / "holdfast.yml"
    settings.write_text(settings.read_text() + "notifications: {duty: {command: [cat]}}\n")
    world.__dict__.pop("site", None)
    sealing.seal(world.depot, LABEL)
    media.detach(world.depot, LABEL)
    world.ledger.append("medium.probed", {"store": LABEL, "reached": False, "tried": ["as somebody else"]})
    sweep.run(world.site, world.ledger, world.state, ruleset.load(ruleset.standing(world.site.root)))
    return world


def beat(world: World) -> None:
    """Let the watch show that it is at work."""
    now = SystemClock().now()
    for name in (heartbeat.LOOP, *(part.name for part in PARTS)):
        heartbeat.write(world.state, Beat(name, now, now, 0))


def patient(world: World, clock: Clock | None = None, machine: Machine | None = None) -> Patient:
    clock = clock or SystemClock()
    kept = Machine(synchronised=lambda: True, room=lambda _: ROOMY)
    world.__dict__.pop("site", None)
    opened = open_ledger(world.site, world.state, lambda: Ledger.open(world.state, clock, "lan"))
    return Patient(world.site, world.state, clock, "lan", os.environ, opened, machine or kept)


def examined(world: World, clock: Clock | None = None, machine: Machine | None = None) -> Examination:
    return examine.examine(patient(world, clock, machine), quick=False)


def not_green(found: Examination) -> list[Finding]:
    return [each for each in found.findings if each.state != "green"]


def machine(**how: object) -> Machine:
    return replace(Machine(synchronised=lambda: True, room=lambda _: ROOMY), **how)  # type: ignore[arg-type]


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"{old!r} is not in {file}"
    file.write_text(text.replace(old, new))
