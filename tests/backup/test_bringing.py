from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from backup import bringing, restore, take
from backup.candidates import candidates
from backup.manifest import Manifest, Source
from backup.restore import RestoreReport
from inventory.errors import UsageError
from inventory.system import Host
from tests import tools
from tests.backup.away import picture
from tests.backup.world import World
from tests.inventory.sshd import SshHost
from tests.test_layout import ROOT


def host(tmp_path: Path) -> Host:
    return Host(name="spare-1", connection="local", root=str(tmp_path / "root"))


def test_a_database_inside_a_folder_is_read_beside_the_folder(tmp_path: Path) -> None:
    sources = [
        Source("documents-1", "sqlite", "/srv/edoc/data/edoc.db", "/staged/edoc.db"),
        Source("documents-1", "files", "/srv/edoc", "/backed/up/srv/edoc"),
        Source("documents-1", "files", "/etc/edoc", "/backed/up/etc/edoc"),
    ]
    document = Manifest("district", "edoc", "", "", None, sources, [])
    found = bringing.places(document, {"documents-1": host(tmp_path)}, "abcd1234")
    assert [(one.source.path, one.beside.name) for one in found] == [
        ("/etc/edoc", "etc"),
        ("/srv/edoc", "srv"),
        ("/srv/edoc/data/edoc.db", "srv"),
    ]
    assert len({one.staging for one in found}) == 3


def test_a_host_without_a_target_is_a_usage_error(tmp_path: Path) -> None:
    document = Manifest("district", "edoc", "", "", None, [Source("exchange-1", "files", "/srv", "/srv")], [])
    with pytest.raises(UsageError, match="exchange-1"):
        bringing.places(document, {"documents-1": host(tmp_path)}, "abcd1234")


RESTORE = """
import sys
from pathlib import Path
from backup import restore
from backup.candidates import candidates
from tests.backup.world import World
world = World(Path(sys.argv[1]))
(candidate,) = candidates(world.depot, "far")
restore.restore_system(world.depot, candidate, {"db-1": world.site.host("spare-1")}, run_name=sys.argv[2])
"""
SLOW = """#!/bin/sh
case "$*" in *"WHAT"*) echo begun >>BEGUN; until [ -e GO ]; do sleep 0.05; done ;; esac
exec RESTIC "$@"
"""


@pytest.fixture
def killed(far: World, ssh_host: SshHost) -> World:
    """A restore onto another host whose Holdfast was killed while restic ran there."""
    assert take.back_up(far.depot, "far").status == "complete"
    kill_midway(far, ssh_host, " restore ", "recover-7")
    return far


def kill_midway(far: World, host: SshHost, what: str, run_name: str) -> None:
    """Begin a restore, and kill Holdfast once a restic with these words runs there; it waits for `root`/go."""
    slow = SLOW.replace("BEGUN", str(far.root / "begun")).replace("GO", str(far.root / "go")).replace("WHAT", what)
    program = host.where / "over/usr/local/lib/holdfast/restic"
    program.unlink()
    program.write_text(slow.replace("RESTIC", str(tools.require("restic"))))
    program.chmod(0o755)
    holdfast = subprocess.Popen([sys.executable, "-c", RESTORE, str(far.root), run_name], cwd=ROOT)
    host.wait_until((far.root / "begun").exists, 60)
    holdfast.kill()
    holdfast.wait()


def again(world: World) -> RestoreReport:
    (candidate,) = candidates(world.depot, "far")
    targets = {"db-1": world.site.host("spare-1")}
    return restore.restore_system(world.depot, candidate, targets, run_name="recover-7")


@pytest.mark.restic
@pytest.mark.ssh
def test_a_restore_whose_holdfast_was_killed_is_followed_and_not_begun_again(killed: World, ssh_host: SshHost) -> None:
    threading.Timer(1.0, (killed.root / "go").touch).start()
    report = again(killed)
    assert (report.verified, report.problems) == (True, ())
    assert (killed.root / "begun").read_text().count("begun") == 2, "one for the files, one for the database"
    assert [run.name for run in kept_runs(ssh_host)] == [], "nobody needs their results any more"


@pytest.mark.restic
@pytest.mark.ssh
def test_a_restore_that_came_to_no_end_on_its_host_is_begun_anew(killed: World, ssh_host: SshHost) -> None:
    for pid in ssh_host.matching("holdfast/keeper"):
        os.kill(pid, signal.SIGKILL)
    (killed.root / "go").touch()
    report = again(killed)
    assert (report.verified, report.problems) == (True, ())
    assert (killed.root / "begun").read_text().count("begun") == 3
    assert picture(killed.root / "spare-1/srv").keys() == picture(killed.root / "db-1/srv").keys() - {"far/scratch.tmp"}


def kept_runs(host: SshHost) -> list[Path]:
    found = (host.where / "over/var/lib/holdfast-keeper").glob("recover-7-*")
    return [run for run in found if (run / "state").exists() or (run / "stdout").exists()]
