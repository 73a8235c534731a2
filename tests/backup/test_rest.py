from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from backup import candidates, checks, errors, holders, lost, media, restore, take, transfer, vault
from backup.rest import Server
from inventory.errors import ExitCode
from inventory.vaults import VaultPlace
from tests.backup import away, servers
from tests.backup import world as worlds
from tests.backup.servers import PASSWORD, USER
from tests.backup.world import LABEL, SYSTEM, World
from tests.inventory.sshd import SshHost


def point(world: World, place: VaultPlace) -> None:
    """Let a site's vault be a server."""
    settings = world.root / "site" / "holdfast.yml"
    written = f"{{rest: '{place.rest}', user: {USER}, password_file: {place.password_file}, ca_file: {place.ca_file}}}"
    settings.write_text(settings.read_text().replace("{path: ../vault}", written))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[World]:
    """A site whose vault is an append-only server behind TLS and a password."""
    made = worlds.make(tmp_path / "world")
    with servers.rest_server(tmp_path / "server", tls=True) as place:
        point(made, place)
        yield made
    made.ledger.close()


def repositories(world: World) -> Path:
    return world.root.parent / "server" / "repositories"


@pytest.mark.restic
def test_everything_done_with_a_directory_can_be_done_with_an_append_only_server(served: World) -> None:
    depot = served.depot
    assert take.back_up(depot, SYSTEM).status == "complete"
    served.beat("2026-11-23T04:00:00+00:00")
    assert take.back_up(depot, SYSTEM).status == "complete"
    assert [report.whole for report in checks.check_stores(depot, "main", read_data=True)] == [True]
    media.prepare(depot, LABEL)
    media.attach(depot, LABEL)
    copied = transfer.copy_to(depot, LABEL, [SYSTEM])
    assert [(r.status, len(r.arrived), r.problems) for r in copied] == [("complete", 2, ())]
    chosen = candidates.find(depot, SYSTEM, store="main")
    assert (chosen.reachable, chosen.where) == (True, depot.site.vault_places["main"].rest)
    assert restore.restore_system(depot, chosen, served.targets()).verified
    assert lost.of_systems(depot.site, depot.copies()) == {SYSTEM: {}}
    kept = json.dumps([record.body for record in depot.ledger.read()])
    assert PASSWORD not in kept
    assert list((served.state / "making").glob("*")) == []


@pytest.mark.restic
@pytest.mark.ssh
def test_another_host_copies_itself_into_the_server_and_comes_back_from_it(
    far: World, ssh_host: SshHost, tmp_path: Path
) -> None:
    with servers.rest_server(tmp_path / "server", tls=True, address=ssh_host.gateway) as place:
        point(far, place)
        report = take.back_up(far.depot, away.SYSTEM)
        assert (report.status, report.problems) == ("complete", ())
        (candidate,) = candidates.candidates(far.depot, away.SYSTEM)
        targets = {"db-1": far.site.host("spare-1")}
        assert restore.restore_system(far.depot, candidate, targets).verified
    lost, back = away.picture(far.root / "db-1/srv"), away.picture(far.root / "spare-1/srv")
    assert back["far/files/secret"] == lost["far/files/secret"]


@pytest.mark.restic
def test_a_server_whose_repositories_are_gone_is_a_lost_vault_and_never_begun_anew(served: World) -> None:
    take.back_up(served.depot, SYSTEM)
    for entry in repositories(served).iterdir():
        shutil.rmtree(entry)
    report = take.back_up(served.depot, SYSTEM)
    assert isinstance(report.failure, errors.VaultLostError)
    assert report.exit_code == ExitCode.UNFINISHED
    assert list(repositories(served).iterdir()) == []
    vault.renew(served.depot, served.depot.vault("main"), "destroyed")
    assert take.back_up(served.depot, SYSTEM).status == "complete"


@pytest.mark.restic
def test_the_lock_a_killed_run_left_on_a_server_is_removed_by_the_next_one(served: World) -> None:
    take.back_up(served.depot, SYSTEM)
    store = served.depot.vault("main")
    repository = served.depot.open(store, SYSTEM)
    with (
        pytest.raises(ZeroDivisionError),
        served.depot.turn(store, SYSTEM, repository),
    ):
        _leave_a_lock(served)
        raise ZeroDivisionError
    with served.depot.turn(store, SYSTEM, repository) as notes:
        assert len(notes) == 1
    assert store.holder.names(SYSTEM, "locks") == []


def _leave_a_lock(world: World) -> None:
    """Kill a restic that holds a lock."""
    store = world.depot.vault("main")
    repository = world.depot.open(store, SYSTEM)
    password = world.depot.key_file(store, SYSTEM)
    words = [world.depot.restic.program.path, "-r", repository.location, "--password-file", password]
    (world.root / "known.pem").write_bytes(repository.ca)
    words += ["--cacert", str(world.root / "known.pem"), "backup", "--stdin"]
    surroundings = {"RESTIC_REST_USERNAME": USER, "RESTIC_REST_PASSWORD": PASSWORD, "HOME": str(world.root)}
    process = subprocess.Popen(words, env=os.environ | surroundings, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    while not store.holder.names(SYSTEM, "locks"):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.restic
def test_a_run_killed_between_key_and_config_sends_the_same_repository_again(served: World) -> None:
    depot, store = served.depot, served.depot.vault("main")
    vault.require(depot, store)
    sent: list[str] = []
    post = Server._post

    def killed(self: Server, path: str, content: bytes = b"") -> None:
        if path.endswith("/config"):
            raise KeyboardInterrupt
        sent.append(path)
        post(self, path, content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Server, "_post", killed)
        with pytest.raises(KeyboardInterrupt):
            depot.make(store, SYSTEM)
    assert any("/keys/" in path for path in sent)
    assert depot.restic.snapshots(depot.make(store, SYSTEM)) == []
    assert len(list((repositories(served) / SYSTEM / "keys").iterdir())) == 1


def test_a_server_that_is_down_is_named_with_what_to_do(tmp_path: Path) -> None:
    world = worlds.make(tmp_path / "world")
    with servers.rest_server(tmp_path / "server") as place:
        pass
    point(world, replace(place, ca_file=tmp_path / "none"))
    report = take.back_up(world.depot, SYSTEM)
    assert isinstance(report.failure, errors.VaultMissingError)
    assert report.exit_code == ExitCode.UNFINISHED
    assert "does not answer at http://127.0.0.1" in report.failure.message
    assert "is that server on" in report.failure.hint
    world.ledger.close()


def test_a_wrong_password_and_a_certificate_nobody_vouches_for_are_told_apart(tmp_path: Path) -> None:
    with servers.rest_server(tmp_path, tls=True) as place:
        (tmp_path / "other").write_text("a guess")
        (tmp_path / "other").chmod(0o600)
        with pytest.raises(errors.VaultLoginError, match="lets holdfast not in") as caught:
            holders.of("main", replace(place, password_file=tmp_path / "other")).require("main", used=True)
        assert caught.value.exit_code == ExitCode.UNFINISHED
        assert "a guess" not in caught.value.message + caught.value.hint
        with pytest.raises(errors.VaultUntrustedError, match="not trusted") as refused:
            holders.of("main", replace(place, ca_file=None)).require("main", used=True)
        assert refused.value.exit_code == ExitCode.REFUSED
        with pytest.raises(errors.VaultUntrustedError, match="cannot be used"):
            holders.of("main", replace(place, ca_file=tmp_path / "password")).require("main", used=True)


@contextmanager
def answering(status: int, content: bytes, **headers: str) -> Iterator[Server]:
    """A server that answers everything alike."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Server("main", VaultPlace(rest=f"http://127.0.0.1:{server.server_port}/"))
        server.shutdown()


@pytest.mark.parametrize("content", [b"{", b"[1]", b'{"name": 1}', b"[" * 100_000, b"\xff"])
def test_a_list_that_is_none_is_a_failure_and_not_an_empty_one(content: bytes) -> None:
    with answering(200, content) as server, pytest.raises(errors.VaultMissingError, match="a list that is none"):
        server.names(SYSTEM, "snapshots")


def test_names_that_are_no_ids_are_not_believed() -> None:
    with answering(200, b'[{"name": "../../etc"}, {"name": "' + b"ab" * 32 + b'"}]') as server:
        assert server.names(SYSTEM, "locks") == ["ab" * 32]


def test_an_answer_without_end_is_not_waited_for() -> None:
    with answering(200, b"x" * (2 << 20)) as server, pytest.raises(errors.VaultMissingError, match="not waited for"):
        server.digest(SYSTEM)


def test_no_other_address_is_gone_to() -> None:
    elsewhere = answering(302, b"", Location="http://127.0.0.1:1/")
    with elsewhere as server, pytest.raises(errors.VaultMissingError, match="with 302"):
        server.digest(SYSTEM)
