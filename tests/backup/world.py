"""A small real site for tests: one system, a host that is a directory, a vault, two offline media."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from backup.depot import Depot
from cli.clock import SystemClock
from inventory import people, site
from inventory.site import Site
from inventory.system import Host
from ledger.ledger import Ledger

SYSTEM = "edoc"
HOST = "documents-1"
LABEL = "weekly-a"
FILES = 12

_SETTINGS = """
site: small-district
state: ../state
vaults: {main: {path: ../vault}}
media:
  weekly:
    disks:
      weekly-a: {directory: ../shelf/weekly-a, attach: ../mnt/offline, custodian: Ms Lan, shelf: safe 2}
      weekly-b: {directory: ../shelf/weekly-b, attach: ../mnt/offline}
"""
_INVENTORY = """
edoc:
  hosts:
    documents-1: {ansible_connection: local, holdfast_root: ROOT/hosts/documents-1}
    spare-1: {ansible_connection: local, holdfast_root: ROOT/hosts/spare-1}
  vars:
    system:
      name: Documents
      data:
        - {files: [/srv/edoc], host: documents-1, exclude: ["*.tmp"]}
        - {sqlite: /srv/edoc/edoc.db, host: documents-1}
      copies: [{vault: main, every: 6h}, {media: weekly, every: 7d}]
      canary: {sql: /srv/edoc/edoc.db, host: documents-1, query: "select max(at) from beat"}
"""


@dataclass
class World:
    """Everything lies below `root`; `depot` is what the product's functions take."""

    root: Path

    @property
    def vault(self) -> Path:
        return self.root / "vault"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def offline(self) -> Path:
        """Where a medium is attached."""
        return self.root / "mnt" / "offline"

    @property
    def shelf(self) -> Path:
        return self.root / "shelf" / LABEL

    @property
    def data(self) -> Path:
        return self.root / "hosts" / HOST / "srv" / "edoc"

    @property
    def database(self) -> Path:
        return self.data / "edoc.db"

    @cached_property
    def site(self) -> Site:
        return site.load(self.root / "site")

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger.open(self.state, SystemClock(), "lan")

    @cached_property
    def depot(self) -> Depot:
        return Depot(self.site, self.state, self.ledger)

    def targets(self, name: str = "spare-1") -> dict[str, Host]:
        return {HOST: self.site.host(name)}

    def beat(self, moment: str) -> None:
        """Add a record to the database, as the service would."""
        with closing(sqlite3.connect(self.database)) as connection:
            connection.execute("insert into beat values (?)", (moment,))
            connection.commit()


def make(root: Path) -> World:
    """Lay out a site whose system has files and a database in use."""
    for folder in ("site/inventory", "vault", "shelf", "mnt", "state", "hosts/spare-1"):
        (root / folder).mkdir(parents=True, mode=0o700)
    world = World(root)
    (root / "site" / "holdfast.yml").write_text(_SETTINGS)
    login = people.current_login()
    (root / "site" / "people.yml").write_text(
        f"people: [{{name: Lan, login: {login}, roles: [operator, responder]}}]\n"
    )
    _place(world)
    (world.data / "files").mkdir(parents=True)
    (world.data / "files").chmod(0o750)
    for number in range(FILES):
        (world.data / "files" / f"document {number} [draft]*.txt").write_bytes(os.urandom(2000))
    (world.data / "files" / "newest").symlink_to("document 1 [draft]*.txt")
    (world.data / "scratch.tmp").write_text("not worth a copy")
    with closing(sqlite3.connect(world.database)) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table beat (at text)")
        connection.executemany("insert into beat values (?)", [(f"2026-11-23T03:{i:02}:00+00:00",) for i in range(30)])
        connection.commit()
    return world


def copy(world: World, root: Path) -> World:
    """Return the same site somewhere else, with everything that was done to it."""
    shutil.copytree(world.root, root, symlinks=True, dirs_exist_ok=True)
    moved = World(root)
    _place(moved)
    return moved


def _place(world: World) -> None:
    (world.root / "site" / "inventory" / "edoc.yml").write_text(_INVENTORY.replace("ROOT", str(world.root)))


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, to see that nothing changed."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
