"""A site whose system lies on another host, reached over real SSH as an account that is not root's.

The small SSH host shares this machine's files, so a vault that is a directory is there too.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from backup import onhost
from inventory import people
from tests import tools
from tests.backup.world import World
from tests.inventory.sshd import SshHost

SYSTEM = "far"
_SETTINGS = "site: small-district\nstate: ../state\nvaults: {main: {path: ../vault}}\n"
_INVENTORY = """
far:
  hosts:
    db-1: {WAY, holdfast_root: ROOT/db-1}
    spare-1: {WAY, holdfast_root: ROOT/spare-1}
  vars:
    system:
      name: Far away
      data:
        - {files: [/srv/far], host: db-1, exclude: ["*.tmp"]}
        - {sqlite: /srv/far/far.db, host: db-1}
      copies: [{vault: main, every: 6h}]
      canary: {sql: /srv/far/far.db, host: db-1, query: "select max(at) from beat"}
"""


def install(host: SshHost, *, copies: bytes | None = None) -> None:
    """Have on a host what `inventory host prepare` installs."""
    host.prepare(onhost.RESTIC, onhost.INSTALLED)
    folder = host.where / "over" / "usr" / "local" / "lib" / "holdfast"
    shutil.copy(tools.require("restic"), folder / "restic")
    (folder / "copies").write_bytes(onhost.program() if copies is None else copies)
    (folder / "copies").chmod(0o755)


def make(root: Path, host: SshHost) -> World:
    """Lay out the site and the host's data; whose files are whose matters, as root copies them."""
    for folder in ("site/inventory", "vault", "state", "spare-1"):
        (root / folder).mkdir(parents=True, mode=0o755)
    (root / "site" / "holdfast.yml").write_text(_SETTINGS)
    person = f"{{name: Lan, login: {people.current_login()}, roles: [operator, responder]}}"
    (root / "site" / "people.yml").write_text(f"people: [{person}]\n")
    way = f"ansible_host: {host.address}, ansible_user: operator, ansible_ssh_private_key_file: {host.where}/key"
    text = _INVENTORY.replace("WAY", way).replace("ROOT", str(root))
    (root / "site" / "inventory" / "far.yml").write_text(text)
    shutil.copy(host.known_hosts, root / "site" / "known_hosts")
    data = root / "db-1" / "srv" / "far"
    (data / "files").mkdir(parents=True)
    for number in range(5):
        (data / "files" / f"document {number} [draft]*.txt").write_bytes(os.urandom(3000))
    (data / "files" / b"caf\xe9".decode("utf-8", "surrogateescape")).write_text("a name that is no text")
    (data / "files" / "newest").symlink_to("document 1 [draft]*.txt")
    (data / "scratch.tmp").write_text("not worth a copy")
    secret = data / "files" / "secret"
    secret.write_text("only its owner reads it")
    secret.chmod(0o600)
    os.chown(secret, 1234, 4321)
    (data / "files").chmod(0o2750)
    with closing(sqlite3.connect(data / "far.db")) as connection:
        connection.execute("create table beat (at text)")
        connection.executemany("insert into beat values (?)", [(f"2026-11-23T03:{i:02}:00+00:00",) for i in range(9)])
        connection.commit()
    os.chown(data / "far.db", 1234, 4321)
    return World(root)


def picture(folder: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Return mode, owner, group and content of everything below a folder."""
    found = {}
    for path in folder.rglob("*"):
        about = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path.relative_to(folder))] = (about.st_mode, about.st_uid, about.st_gid, content)
    return found
