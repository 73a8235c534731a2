"""A system on a real host, PostgreSQL and files: prepared, copied over SSH, lost with the host, and brought back."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backup.errors import StorageError
from cli import app
from tests import tools
from tests.backup import postgres
from tests.lab import looking
from tests.lab.fixtures import MakeHost
from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.sites import write_site

pytestmark = [pytest.mark.lab, pytest.mark.ansible, pytest.mark.restic, pytest.mark.timeout(900)]

_SYSTEM = """\
dossiers:
  hosts: {db: {}}
  vars:
    system:
      name: Dossiers
      data:
        - {postgresql: land, host: db}
        - {files: [/srv/dossiers], host: db}
      copies: [{vault: main, every: 6h}]
      canary: {sql: land, host: db, query: "select max(at) from dossier"}
"""
_FILES = """
mkdir -p /srv/dossiers/attachments && cd /srv/dossiers
for n in 1 2 3 4 5; do head -c 20000 /dev/urandom >"attachments/scan $n.pdf"; done
ln -s "scan 1.pdf" attachments/newest
useradd --system clerks && chown -R clerks: attachments && chmod 2750 attachments && chmod 600 "attachments/scan 2.pdf"
"""
_ASKED = """
select count(*), md5(string_agg(note, '' order by id)), max(at) from dossier;
select datdba::regrole, datconnlimit from pg_database where datname = 'land';
select pg_has_role('clerk', 'office', 'member'), has_database_privilege('clerk', 'land', 'connect');
"""


@contextmanager
def vault(root: Path, address: str) -> Iterator[str]:
    """Run an append-only server for repositories on the lab's own network; yields its settings."""
    root.mkdir()
    (root / "htpasswd").write_text(f"holdfast:{{SHA}}{base64.b64encode(hashlib.sha1(b'in').digest()).decode()}\n")
    (root / "password").write_text("in")
    (root / "password").chmod(0o600)
    argv = [tools.require("rest-server"), "--append-only", "--path", root / "repositories"]
    argv += ["--htpasswd-file", root / "htpasswd", "--listen", f"{address}:8000"]
    with (root / "log").open("wb") as log:
        server = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        while b"start server" not in (root / "log").read_bytes():
            assert server.poll() is None, (root / "log").read_text()
            time.sleep(0.05)
        yield f"vaults: {{main: {{rest: 'http://{address}:8000/', user: holdfast, password_file: {root}/password}}}}\n"
    finally:
        server.terminate()
        server.wait()


def test_a_host_with_postgresql_and_files_is_copied_lost_and_brought_back(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lab: Lab,
    lab_host: MakeHost,
) -> None:
    db = lab_host("db", "postgresql")
    site = write_site(tmp_path / "site", [db])
    monkeypatch.setenv("HOLDFAST_SITE", str(site))

    def holdfast(*words: str) -> str:
        code = app.run([*words])
        out, err = capsys.readouterr()
        assert code == 0, (words, code, out, err)
        return out

    with vault(tmp_path / "vault", db.gateway) as settings:
        (site / "holdfast.yml").write_text((site / "holdfast.yml").read_text() + settings)
        (site / "inventory" / "dossiers.yml").write_text(_SYSTEM)
        db.ssh("sh", "-ec", _FILES)
        started(db)
        db.ssh("runuser", "-u", "postgres", "--", "psql", "-q", "-v", "ON_ERROR_STOP=1", stdin=postgres.ROWS)
        rows, files = asked(db), looking.listing(db, "/srv/dossiers")

        holdfast("inventory", "host", "prepare", "db", "--yes")
        as_account(site, db)
        report = json.loads(holdfast("backup", "run", "dossiers", "--json"))
        assert (report["status"], report["problems"]) == ("complete", [])
        assert left_behind(db) == {"cache"}
        back = json.loads(holdfast("backup", "restore", "dossiers", "--to", str(tmp_path / "out"), "--json"))
        assert (back["verified"], back["files"]) == (True, 5)
        assert (tmp_path / "out/db/postgresql/land.dump").read_bytes().startswith(b"PGDMP")

        db.reinstall()
        (site / "known_hosts").write_text(db.known_hosts.read_text())
        db.ssh("useradd", "--system", "clerks")
        started(db)
        holdfast("inventory", "host", "prepare", "db", "--yes", "--as", "ops", "--key", str(db.key))
        restore(site)
        assert asked(db) == rows
        assert looking.listing(db, "/srv/dossiers") == files
        assert left_behind(db) == {"cache", "databases"}

        db.ssh("sh", "-ec", "mkdir /small && mount -t tmpfs -o size=64k tmpfs /small && chmod 755 /small")
        with pytest.raises(StorageError, match=r"the disk of /small.* has 65.5 kB free"):
            restore(site, "/small")
        assert db.ssh("ls", "-A", "/small").stdout == "", "nothing was written"


def started(db: LabHost) -> None:
    db.ssh("systemctl", "start", "postgresql")
    db.ssh("sh", "-c", "until runuser -u postgres -- psql -c 'select 1' >/dev/null 2>&1; do sleep 0.1; done")


def asked(db: LabHost) -> str:
    return db.ssh("runuser", "-u", "postgres", "--", "psql", "-qAt", "-d", "land", stdin=_ASKED).stdout


def as_account(site: Path, db: LabHost) -> None:
    """Make the site reach the host as Holdfast's own account, with the site's key."""
    text = (site / "inventory" / "lab.yml").read_text()
    text = text.replace("ansible_user: ops", "ansible_user: holdfast")
    key = site.parent / "state" / "keys" / "ssh_ed25519"
    (site / "inventory" / "lab.yml").write_text(text.replace(str(db.key), str(key)))


def left_behind(db: LabHost) -> set[str]:
    return set(db.ssh("ls", "/var/lib/holdfast-copies").stdout.split())


def restore(site_root: Path, root: str = "/") -> None:
    """Bring the system back to the host of the same name, its files below a folder there."""
    from backup.candidates import find
    from backup.depot import Depot
    from backup.restore import restore_system
    from cli.clock import SystemClock
    from inventory import site
    from ledger.ledger import Ledger

    loaded = site.load(site_root)
    state = site_root.parent / "state"
    with_ledger = Ledger.open(state, SystemClock(), "whoever")
    try:
        depot = Depot(loaded, state, with_ledger)
        targets = {"db": loaded.host("db").model_copy(update={"root": root})}
        report = restore_system(depot, find(depot, "dossiers"), targets, run_name="recover-1")
        assert (report.verified, report.problems, report.measured) == (True, (), True)
    finally:
        with_ledger.close()
