"""What Holdfast costs beside restic and PostgreSQL's programs typed by hand: a database on a host over SSH, in turns.

By hand: `pg_dump | restic backup --stdin` in one ssh call; then `createdb`, `restic dump | pg_restore` and a count in
another. Holdfast does that, and counts every table in the dumped moment, keeps a manifest, looks for room, compares,
renames, and records it. MEGABYTES of the environment sets the size of the database.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from backup import onhost, restore, take, vault
from backup.candidates import candidates
from backup.depot import Depot
from bench import result
from inventory.system import Canary, PostgresqlSource
from tests import tools
from tests.backup import away, postgres
from tests.backup.postgres import psql
from tests.inventory.fixtures import free_subnet
from tests.inventory.sshd import SshHost

MEGABYTES = int(os.environ.get("MEGABYTES", "1000"))
ROUNDS = 3
LIMIT_RATIO = 1.25  # of what has to be back in time; a copy also counts every table, which nobody does by hand
_ROW_BYTES = 330
_FILL = """
create table dossier (id int primary key, at timestamptz, note text);
insert into dossier select n, '2026-11-23T03:00:00Z'::timestamptz + n * interval '1 millisecond',
  (select string_agg(md5((n * 31 + m)::text), '') from generate_series(1, 9) m) from generate_series(1, {rows}) n;
checkpoint;
"""
_PASSWORD = "by-hand"
_BACKUP = "set -e; export RESTIC_PASSWORD={password}; {dump} | {restic} -q -r {repository} backup --stdin"
_RESTORE = """
set -e; export RESTIC_PASSWORD={password}
runuser -u postgres -- createdb back
{restic} -q -r {repository} dump latest stdin | runuser -u postgres -- pg_restore --exit-on-error -d back
runuser -u postgres -- psql -qAt -d back -c 'select count(*), max(at) from dossier'
"""


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of some work."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def by_hand(host: SshHost, script: str, root: Path) -> None:
    """Run a script as root on the host, as somebody at a terminal would."""
    filled = script.format(
        password=_PASSWORD,
        restic=onhost.RESTIC,
        repository=root / "by-hand",
        dump="runuser -u postgres -- pg_dump -Fc -Z0 land",
    )
    options = ("BatchMode=yes", f"UserKnownHostsFile={host.known_hosts}", "IdentitiesOnly=yes")
    given = [part for option in options for part in ("-o", option)]
    argv = ["ssh", "-i", str(host.where / "key"), *given, f"root@{host.address}", "cd /;" + filled]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def depot_of(world: away.World) -> Depot:
    """Return the site's stores; its system is one database."""
    canary = Canary(sql="land", host="db-1", query=postgres.CANARY)
    data = [PostgresqlSource(postgresql="land", host="db-1")]
    system = world.site.system(away.SYSTEM).model_copy(update={"data": data, "canary": canary})
    return Depot(replace(world.site, systems={away.SYSTEM: system}), world.state, world.ledger)


def measure(host: SshHost, root: Path) -> int:
    """Measure, print and keep the figures; 1 when the limit is broken."""
    away.install(host)
    world = away.make(root, host)
    depot = depot_of(world)
    restic = str(tools.require("restic"))
    init = [restic, "-q", "-r", str(root / "by-hand"), "init"]
    subprocess.run(init, check=True, env={**os.environ, "RESTIC_PASSWORD": _PASSWORD})
    vault.repository_for(depot, depot.vault("main"), away.SYSTEM)  # both are made before anything is measured
    taken: list[tuple[float, float]] = []
    brought: list[tuple[float, float]] = []
    with postgres.server(host.where / "sockets") as where:
        psql(where, "create database land")
        psql(where, _FILL.format(rows=MEGABYTES * 1_000_000 // _ROW_BYTES), "land")
        for _ in range(ROUNDS):
            hand = seconds(lambda: by_hand(host, _BACKUP, root))
            taken.append((seconds(lambda: take.back_up(depot, away.SYSTEM)), hand))
        candidate, targets = candidates(depot, away.SYSTEM)[0], {"db-1": depot.site.host("spare-1")}
        assert candidate.suspect == ""
        for _ in range(ROUNDS):
            hand = seconds(lambda: by_hand(host, _RESTORE, root))
            psql(where, "drop database back; drop database land")
            brought.append((seconds(lambda: restore.restore_system(depot, candidate, targets)), hand))
    world.ledger.close()
    return told(taken, brought)


def told(taken: list[tuple[float, float]], brought: list[tuple[float, float]]) -> int:
    """Print and keep the figures."""
    medians = [[statistics.median(column) for column in zip(*both, strict=True)] for both in (taken, brought)]
    (backup, backup_hand), (back, back_hand) = medians
    held = back / back_hand <= LIMIT_RATIO
    print(
        f"a PostgreSQL database of {MEGABYTES} MB on a host over SSH: copied in {backup:.1f} s, "
        f"{backup / backup_hand:.2f} times by hand ({backup_hand:.1f} s); brought back in {back:.1f} s, "
        f"{back / back_hand:.2f} times by hand ({back_hand:.1f} s); "
        f"the limit of {LIMIT_RATIO} times for bringing back is {'kept' if held else 'BROKEN'}"
    )
    figures = {
        "measured": "median wall seconds, in turns; restic, PostgreSQL and repository on one machine",
        "megabytes": MEGABYTES,
        "rounds": ROUNDS,
        "backup_seconds": round(backup, 2),
        "backup_by_hand_seconds": round(backup_hand, 2),
        "backup_ratio": round(backup / backup_hand, 3),
        "restore_seconds": round(back, 2),
        "restore_by_hand_seconds": round(back_hand, 2),
        "restore_ratio": round(back / back_hand, 3),
        "limit_restore_ratio": LIMIT_RATIO,
        "kept": held,
    }
    result.keep("copies", figures)
    return 0 if held else 1


def main() -> int:
    """Measure on a small SSH host of our own; without root, restic or PostgreSQL nothing is measured or claimed."""
    try:
        for tool in ("ssh", "restic", "postgresql"):
            tools.require(tool)
    except BaseException as lack:  # pytest's own way of skipping
        print(f"copies of a database over SSH: NOT MEASURED: {lack}")
        return 0
    with tempfile.TemporaryDirectory(prefix="holdfast-copies-") as where:
        Path(where).chmod(0o755)
        host = SshHost(Path(where) / "host", "db-1", free_subnet())
        try:
            host.plug_in()
            host.boot()
            return measure(host, Path(where) / "site")
        finally:
            host.remove()


if __name__ == "__main__":
    sys.exit(main())
