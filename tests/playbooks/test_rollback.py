"""What a run of hardening changed is put back, byte for byte, and what somebody changed since is never lost."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inventory import site as sites
from inventory.errors import ExitCode, RefusedError, UsageError
from inventory.site import Site
from ledger.ledger import Ledger
from playbooks import apply, controls, history, rollback, runs, scan
from playbooks.ansible import TaskResult
from playbooks.apply import Applied
from playbooks.rollback import Back, Piece
from playbooks.runs import Run
from tests.fakes.clock import FakeClock
from tests.playbooks import hosts
from tests.playbooks.conftest import MakeSite, write_site

RULES = controls.shipped().values()
RUN = Run("h-1", FakeClock().now(), "minh", {"doc-1": {}})
OPEN = "var/lib/holdfast-harden"


def picture(root: Path) -> dict[str, Any]:
    """Return everything hardening may change: type, rights, owner, extended attributes, content, time of files."""
    found = {}
    for path in sorted(root.rglob("*")):
        about = path.lstat()
        attributes = {} if path.is_symlink() else {name: os.getxattr(path, name) for name in os.listxattr(path)}
        whole = (about.st_mtime_ns, path.read_bytes()) if path.is_file() else None
        found[str(path.relative_to(root))] = (about.st_mode, about.st_uid, about.st_gid, attributes, whole)
    return found


@dataclass(frozen=True)
class Hardened:
    """A weak directory host that a run has hardened, and what it was like before."""

    root: Path
    before: dict[str, Any]
    site: Site
    ledger: Ledger

    def back(self, *ids: str, check: bool = False) -> Back:
        only = rollback.pieces(controls.chosen(ids).values()) if ids else ()
        run = runs.find(self.ledger, "h-1")
        wanted = rollback.meant(self.site, run, ())
        done = rollback.roll_back(self.site, run, wanted, only, check=check)
        if not check:
            self.ledger.append_all(rollback.entries(done, wanted))
        return done


Made = tuple[Path, dict[str, Any], Applied]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Harden a weak host once; the tests work on copies of it."""
    folder = tmp_path_factory.mktemp("hardened")
    root = hosts.weak(folder / "doc-1")
    os.setxattr(root / "etc/login.defs", "user.note", b"kept")
    (root / "etc/crontab").rename(root / "etc/crontab.real")
    (root / "etc/crontab").symlink_to("crontab.real")
    before = picture(root)
    site = sites.load(write_site(folder, edoc={"level": 5, "hosts": {"doc-1": root}}))
    done = apply.apply(site, scan.targets(site), RULES, run="h-1")
    assert dict(done.outcome.failed) == {}
    assert picture(root) != before
    return root, before, done


@pytest.fixture
def hardened(made: Made, make_site: MakeSite, tmp_path: Path, ledger: Ledger) -> Hardened:
    root, before, done = made
    shutil.copytree(root, tmp_path / "doc-1", symlinks=True)
    runs.begin(ledger, "h-1", ["doc-1"])
    history.record_apply(ledger, done)
    site = sites.load(make_site(edoc={"level": 5, "hosts": {"doc-1": tmp_path / "doc-1"}}))
    return Hardened(tmp_path / "doc-1", before, site, ledger)


@pytest.mark.ansible
def test_rolling_back_returns_everything_byte_for_byte_and_is_shown_before(hardened: Hardened) -> None:
    after = picture(hardened.root)
    planned = hardened.back(check=True)
    assert picture(hardened.root) == after
    text = "\n".join(change.diff for change in planned.outcome.changes)
    assert "+PASS_MAX_DAYS 99999" in text
    assert "-PermitRootLogin prohibit-password" in text
    assert (hardened.root / OPEN).stat().st_mode & 0o777 == 0o700

    done = hardened.back()
    assert (done.exit_code, dict(done.outcome.failed)) == (ExitCode.DONE, {})
    assert [each.item for each in done.outcome.changes] == [each.item for each in planned.outcome.changes]
    assert picture(hardened.root) == hardened.before
    again = hardened.back()
    assert again.outcome.changes == ()
    assert list(hardened.ledger.read())[-1].kind == runs.ROLLED_BACK


@pytest.mark.ansible
def test_what_somebody_changed_since_is_named_and_nothing_is_put_back(hardened: Hardened) -> None:
    hosts.put(hardened.root, "/etc/login.defs", "PASS_MAX_DAYS 30\n")
    hosts.put(hardened.root, "/etc/ssh/sshd_config.d/00-own.conf", "X11Forwarding no\n")
    since = picture(hardened.root)
    planned = hardened.back(check=True)
    assert planned.exit_code is ExitCode.REFUSED
    with pytest.raises(RefusedError, match=r"/login\.defs: somebody changed it.*config\.d: there is something"):
        planned.require_unchanged()
    done = hardened.back()  # somebody changed it between plan and yes
    assert "nothing was put back" in done.outcome.failed["doc-1"]
    assert picture(hardened.root) == since

    single = hardened.back("HF-FILE-001", "HF-SSH-001")
    assert dict(single.outcome.failed) == {}
    assert (hardened.root / "etc/passwd").stat().st_mode & 0o777 == 0o666
    drop_in = (hardened.root / "etc/ssh/sshd_config.d/00-holdfast.conf").read_text()
    assert "PermitRootLogin" not in drop_in
    assert "MaxAuthTries" in drop_in


@pytest.mark.ansible
def test_single_controls_and_then_the_rest_end_where_it_began(hardened: Hardened) -> None:
    hardened.back("HF-ACC-008", "HF-FILE-008")
    assert "PASS_MAX_DAYS 99999\nPASS_MIN_DAYS\t1\n" in (hardened.root / "etc/login.defs").read_text()
    assert (hardened.root / "etc/ssh/ssh_host_ed25519_key").stat().st_mode & 0o777 == 0o644
    assert hardened.back().exit_code is ExitCode.DONE
    assert picture(hardened.root) == hardened.before


@pytest.mark.ansible
def test_what_was_kept_and_is_not_what_the_ledger_says_is_never_put_back(hardened: Hardened) -> None:
    journal = hardened.root / OPEN / "h-1" / "journal.json"
    kept = json.loads(journal.read_text())
    forged = next(each for each in kept["objects"] if each["name"] == "/etc/passwd")
    forged["before"]["mode"] = "4777"
    journal.write_text(json.dumps(kept))
    since = picture(hardened.root)
    assert "is not what the ledger says" in hardened.back().outcome.failed["doc-1"]
    blob = next(path for path in journal.parent.iterdir() if len(path.name) == 64)
    forged["before"]["mode"] = "0666"
    journal.write_text(json.dumps(kept))
    blob.write_text("PermitRootLogin yes\n")
    assert "is not what it was" in hardened.back().outcome.failed["doc-1"]
    assert (hardened.root / "etc/passwd").lstat().st_mode == since["etc/passwd"][0]


@pytest.mark.ansible
def test_a_run_that_broke_off_is_put_back_with_a_note(hardened: Hardened) -> None:
    journal = hardened.root / OPEN / "h-1" / "journal.json"
    kept = json.loads(journal.read_text())
    for each in kept["objects"]:
        del each["after"]
    journal.write_text(json.dumps(kept | {"sealed": False}))
    done = hardened.back()
    assert "the run broke off" in done.outcome.notes[0]
    assert picture(hardened.root) == hardened.before


def test_each_control_that_a_role_mends_has_its_pieces_and_others_say_why_not() -> None:
    alone = [rule for rule in RULES if rule.mend.role and rule.id != "HF-FILE-018"]
    assert all(rollback.pieces([rule]) for rule in alone)
    chosen = controls.chosen(["HF-SSH-003", "HF-KERN-018"]).values()
    assert rollback.pieces(chosen) == (
        Piece("content", "/etc/ssh/sshd_config.d/00-holdfast.conf", "maxauthtries"),
        Piece("sysctl", "net.ipv4.tcp_syncookies"),
        Piece("content", "/etc/sysctl.d/99-zz-holdfast.conf", "net.ipv4.tcp_syncookies"),
    )
    with pytest.raises(UsageError, match="HF-ACC-001 cannot be rolled back alone"):
        rollback.pieces([controls.shipped()["HF-ACC-001"]])


@pytest.mark.parametrize("said", [None, 3, "x", [1], [{"kind": 1}], [{"kind": "a", "name": "b", "before": "short"}]])
def test_a_host_that_says_nonsense_has_kept_nothing_that_is_known(said: object) -> None:
    assert runs.kept(said) is None
    result = TaskResult("doc-1", "Put back", "", "ok", False, {"steps": said, "conflicts": said})
    assert rollback.fold(RUN, ["doc-1", "far"], [result], whole=True).outcome.unreached.keys() == {"far"}


def test_an_unknown_run_and_a_host_it_did_not_change_are_usage_errors(
    make_site: MakeSite, tmp_path: Path, ledger: Ledger
) -> None:
    with pytest.raises(UsageError, match="no run 'h-9'"):
        runs.find(ledger, "h-9")
    site = sites.load(make_site(edoc={"hosts": {"doc-1": tmp_path / "1", "two": tmp_path / "2"}}))
    with pytest.raises(UsageError, match="h-1 did not change two"):
        rollback.meant(site, RUN, ["two"])
    assert rollback.meant(site, RUN, []) == [], "nothing of it is left to put back"
