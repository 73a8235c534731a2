"""A small real site for recoveries: sign-on, documents that need it, and a spare host; all of them directories."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from backup import media, take, transfer
from backup.depot import Depot
from cli.clock import SystemClock
from incident.hands import RealHands
from inventory import clock, people, site
from inventory.site import Site
from ledger.ledger import Ledger

SYSTEMS = {"sso": "signon-1", "edoc": "documents-1"}
LABEL = "weekly-a"

_SETTINGS = """
site: small-district
state: ../state
fetch_medium: 30m
vaults: {main: {path: ../vault}}
media:
  weekly:
    disks:
      weekly-a: {directory: ../shelf/weekly-a, attach: ../mnt/offline, custodian: Ms Lan, shelf: safe 2}
"""
_SYSTEM = """
KEY:
  hosts:
    HOST: {ansible_connection: local, holdfast_root: ROOT/hosts/HOST}
  vars:
    system:
      name: System KEY
      level: 3
      rto: 4h
      depends_on: NEEDS
      data:
        - {files: [/srv/KEY/files], host: HOST}
        - {sqlite: /srv/KEY/KEY.db, host: HOST}
      copies: [{vault: main, every: 6h}, {media: weekly, every: 7d}]
      runbook: RUNBOOK
      start: [touch, "ROOT/hosts/{target:HOST}/up"]
      normal_when:
        - {command: [test, -f, up], host: HOST}
        - {sql: /srv/KEY/KEY.db, host: HOST, query: select count(*) from beat}
      canary: {sql: /srv/KEY/KEY.db, host: HOST, query: select max(at) from beat}
"""
_SPARE = "spare: {hosts: {spare-1: {ansible_connection: local, holdfast_root: ROOT/hosts/spare-1}}}\n"
_RUNBOOKS = {"sso": "identity", "edoc": "document-service"}
_NEEDS = {"sso": "[]", "edoc": "[sso]"}


@dataclass
class District:
    """Everything lies below `root`."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def vault(self) -> Path:
        return self.root / "vault"

    def host(self, name: str) -> Path:
        return self.root / "hosts" / name

    @cached_property
    def site(self) -> Site:
        return site.load(self.root / "site")

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger.open(self.state, SystemClock(), "lan")

    @cached_property
    def depot(self) -> Depot:
        return Depot(self.site, self.state, self.ledger)

    def hands(self, incident: str) -> RealHands:
        return RealHands(self.site, self.state, self.ledger, incident, lambda _text, _share: None)

    def people(self, *roles: str) -> None:
        login = people.current_login()
        (self.root / "site" / "people.yml").write_text(
            f"people: [{{name: Lan, login: {login}, roles: [{', '.join(roles)}]}}]\n"
        )

    def damage(self, *keys: str) -> None:
        """Lose systems: their hosts are installed anew and empty."""
        for key in keys or SYSTEMS:
            shutil.rmtree(self.host(SYSTEMS[key]))
            self.host(SYSTEMS[key]).mkdir(mode=0o700)

    def back_up(self) -> None:
        assert [take.back_up(self.depot, key).status for key in SYSTEMS] == ["complete"] * 2

    def copy_offline(self) -> None:
        media.prepare(self.depot, LABEL)
        media.attach(self.depot, LABEL)
        reports = transfer.copy_to(self.depot, LABEL, list(SYSTEMS))
        assert [report.status for report in reports] == ["complete"] * 2


def make(root: Path) -> District:
    for folder in ("site/inventory", "vault", "shelf", "mnt", "state", "hosts/spare-1"):
        (root / folder).mkdir(parents=True, mode=0o700)
    made = District(root)
    (root / "site" / "holdfast.yml").write_text(_SETTINGS)
    made.people("operator", "responder", "approver", "security")
    _place(made)
    newest = SystemClock().now() - timedelta(minutes=30)
    for key, host in SYSTEMS.items():
        _fill(made.host(host), key, newest)
    return made


def copy(made: District, root: Path) -> District:
    """Return the same site somewhere else, with everything that was done to it."""
    shutil.copytree(made.root, root, symlinks=True, dirs_exist_ok=True)
    _place(District(root))
    return District(root)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _fill(root: Path, key: str, newest: datetime) -> None:
    files = root / "srv" / key / "files"
    files.mkdir(parents=True)
    for number in range(5):
        (files / f"document {number}.txt").write_bytes(os.urandom(3000))
    with closing(sqlite3.connect(root / "srv" / key / f"{key}.db")) as database:
        database.execute("create table beat (at text)")
        moments: Sequence[datetime] = [newest - timedelta(minutes=minute) for minute in range(10)]
        database.executemany("insert into beat values (?)", [(clock.to_text(moment),) for moment in moments])
        database.commit()
    (root / "up").touch()


def _place(made: District) -> None:
    inventory = made.root / "site" / "inventory"
    (inventory / "spare.yml").write_text(_SPARE.replace("ROOT", str(made.root)))
    for key, host in SYSTEMS.items():
        text = _SYSTEM.replace("KEY", key).replace("HOST", host).replace("ROOT", str(made.root))
        text = text.replace("NEEDS", _NEEDS[key]).replace("RUNBOOK", _RUNBOOKS[key])
        (inventory / f"{key}.yml").write_text(text)
