"""Whoever holds the state directory does what they like with it; whoever holds the medium finds out.

Each attack changes a real ledger (SQLite file, objects, signing key and all). The rule is the same for all of them:
what `prove` calls proved up to record N is, byte for byte, what was there when the medium was sealed; and without a
medium nothing is ever called verified.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import alerts, checkpoint, record
from ledger.errors import LedgerError
from ledger.ledger import LEDGER_FILE, Ledger
from ledger.objects import Objects
from ledger.projection import Projection
from ledger.proof import Proof, prove
from tests.fakes.clock import FakeClock
from tests.ledger.test_alerts import ALERT
from tests.ledger.test_audit import count

VIEW = Projection("kinds", 1, count)
TABLES = ("records", "alerts", "head")
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a thousand ledgers need not wait for the disk


@dataclass(frozen=True)
class Scene:
    """A ledger with everything in it, an older copy of its state, and a medium that was sealed in between."""

    state: Path
    older: Path
    medium: Path
    sealed: int
    before: dict[str, list[tuple[object, ...]]]

    @property
    def key(self) -> Path:
        return self.medium.with_suffix(".pub")


def contents(state: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(state / LEDGER_FILE)) as database:
        return {table: database.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in TABLES}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("scene")
    state, medium = folder / "state", folder / "medium" / "checkpoint.json"
    medium.parent.mkdir()
    ledger = Ledger.open(state, FakeClock(), "minh")
    objects = Objects(state)
    ledger.append("backup.finished", {"status": "failed"}, system="sso")
    ledger.append("scan.finished", {"object": objects.put(b"evidence one")})
    ledger.close()
    shutil.copytree(state, folder / "older")
    alerts.raise_alerts(ledger, [replace(ALERT, id=name * 16) for name in "abc"])
    alerts.change(ledger, ["a" * 16], alerts.ACKNOWLEDGED, incident="i-1")
    ledger.append("scan.finished", {"object": objects.put(b"evidence two")})
    for number in range(4):
        ledger.append("test", {"n": number}, system="edoc")
    sealed = checkpoint.write(ledger, state, "district", medium).seq
    for number in range(3):
        ledger.append("later", {"n": number})
    ledger.project(VIEW)
    ledger.close()
    yield Scene(state, folder / "older", medium, sealed, contents(state))


def judged(scene: Scene, ledger: Ledger, state: Path, *, with_medium: bool) -> Proof | None:
    """Return the proof, or None if it was refused with an error."""
    media = [scene.medium] if with_medium else []
    with suppress(LedgerError):
        return prove(ledger, state, "district", media, scene.key if with_medium else None, [VIEW])
    return None


def assert_rule(scene: Scene, state: Path) -> Proof | None:
    ledger = Ledger.open(state, FakeClock(), "inspector")
    proof = judged(scene, ledger, state, with_medium=True)
    alone = judged(scene, ledger, state, with_medium=False)
    assert alone is None or (alone.anchored == 0 and not alone.to_json()["verified"])
    if proof is not None and proof.anchored:
        now = contents(state)
        assert proof.anchored == scene.sealed
        assert now["records"][: proof.anchored] == scene.before["records"][: proof.anchored]
        assert now["alerts"] == scene.before["alerts"]  # all of them were raised and changed before the sealing
        assert all(Objects(state).is_whole(name) for name in Objects(scene.state).names())
        assert ledger.project(VIEW) == ledger.rebuild(VIEW)
    ledger.close()
    return proof


def rehashed(database: sqlite3.Connection) -> None:
    """Recompute every hash, so that the chain is whole again."""
    rows = database.execute("SELECT seq, payload FROM records ORDER BY seq").fetchall()
    previous, made = record.GENESIS, []
    for number, (_, payload) in enumerate(rows, start=1):
        old = record.opened(payload, "")
        new = record.seal(number, old.at, old.kind, old.system, old.actor, old.body, previous)
        made.append((new.seq, new.kind, new.system, new.payload, new.hash))
        previous = new.hash
    database.execute("DELETE FROM records")
    database.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?)", made)
    database.execute("UPDATE head SET seq = ?, hash = ?", (len(made), previous))


def edit(database: sqlite3.Connection, one: int, _: int) -> None:
    database.execute(
        "UPDATE records SET payload = CAST(replace(payload, 'minh', 'hung') AS BLOB) WHERE seq = ?", (one,)
    )


def file_otherwise(database: sqlite3.Connection, one: int, other: int) -> None:
    column = ("kind", "system", "hash")[other % 3]
    database.execute(f"UPDATE records SET {column} = 'x' WHERE seq = ?", (one,))


def delete(database: sqlite3.Connection, one: int, _: int) -> None:
    database.execute("DELETE FROM records WHERE seq = ?", (one,))


def insert(database: sqlite3.Connection, one: int, _: int) -> None:
    database.execute("UPDATE records SET seq = -seq WHERE seq >= ?", (one,))
    database.execute("UPDATE records SET seq = 1 - seq WHERE seq < 0")
    forged = record.seal(one, FakeClock().now(), "forged", None, "minh", {}, record.GENESIS)
    database.execute("INSERT INTO records VALUES (?, 'forged', NULL, ?, ?)", (one, forged.payload, forged.hash))


def swap(database: sqlite3.Connection, one: int, other: int) -> None:
    if one != other:
        database.execute("UPDATE records SET seq = -1 WHERE seq = ?", (one,))
        database.execute("UPDATE records SET seq = ? WHERE seq = ?", (one, other))
        database.execute("UPDATE records SET seq = ? WHERE seq = -1", (other,))


def cut(database: sqlite3.Connection, one: int, _: int) -> None:
    database.execute("DELETE FROM records WHERE seq >= ?", (one,))
    row = database.execute("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1").fetchone()
    database.execute("UPDATE head SET seq = ?, hash = ?", row or (0, record.GENESIS))


def move_head(database: sqlite3.Connection, one: int, _: int) -> None:
    row = database.execute("SELECT seq, hash FROM records WHERE seq = ?", (one,)).fetchone()
    database.execute("UPDATE head SET seq = ?, hash = ?", row or (0, record.GENESIS))


def forge_alert(database: sqlite3.Connection, one: int, other: int) -> None:
    column, value = (("state", "closed"), ("level", "low"), ("incident", "i-9"), ("body", "{}"))[other % 4]
    database.execute(f"UPDATE alerts SET {column} = ? WHERE place = ?", (value, one % 3))


def drop_alert(database: sqlite3.Connection, one: int, _: int) -> None:
    database.execute("DELETE FROM alerts WHERE place = ?", (one % 3,))


def poison_view(database: sqlite3.Connection, one: int, other: int) -> None:
    if one % 2:
        database.execute("UPDATE projection_parts SET state = ?", (str(other + 100),))
    else:
        database.execute("UPDATE projection_heads SET up_to = ?", (other,))


def rehash(database: sqlite3.Connection, _: int, __: int) -> None:
    with suppress(ValueError):
        rehashed(database)


ATTACKS: dict[str, Callable[[sqlite3.Connection, int, int], None]] = {
    each.__name__: each
    for each in (
        *(edit, file_otherwise, delete, insert, swap, cut, move_head),
        *(forge_alert, drop_alert, poison_view, rehash),
    )
}
places = st.integers(1, 12)
steps = st.lists(st.tuples(st.sampled_from(sorted(ATTACKS)), places, places), min_size=1, max_size=3)


@given(steps)
@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_mixture_of_attacks_on_the_database_leaves_a_lie_proved(
    scene: Scene, attack: list[tuple[str, int, int]]
) -> None:
    attack_and_judge(scene, attack)


@pytest.mark.slow
@given(steps)
@settings(max_examples=10_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.timeout(3600)
def test_no_mixture_of_attacks_leaves_a_lie_proved_slow(scene: Scene, attack: list[tuple[str, int, int]]) -> None:
    attack_and_judge(scene, attack)


def attack_and_judge(scene: Scene, attack: list[tuple[str, int, int]]) -> None:
    with TemporaryDirectory(dir=MEMORY) as folder:
        state = Path(folder) / "state"
        shutil.copytree(scene.state, state)
        with closing(sqlite3.connect(state / LEDGER_FILE)) as database:
            for name, one, other in attack:
                with suppress(sqlite3.IntegrityError):
                    ATTACKS[name](database, one, other)
            database.commit()
        assert_rule(scene, state)


@pytest.mark.parametrize("name", sorted(set(ATTACKS) - {"rehash", "poison_view", "move_head"}))
def test_each_attack_before_the_seal_is_found_also_with_every_hash_recomputed(
    scene: Scene, tmp_path: Path, name: str
) -> None:
    for anew in (False, True) if name != "file_otherwise" else (False,):  # hashing anew mends what is only filed wrong
        state = tmp_path / f"state-{anew}"
        shutil.copytree(scene.state, state)
        with closing(sqlite3.connect(state / LEDGER_FILE)) as database:
            ATTACKS[name](database, 2, 5)
            if anew:
                rehash(database, 0, 0)
            database.commit()
        proof = assert_rule(scene, state)
        assert proof is not None
        assert proof.faults


def test_the_ledger_as_it_is_is_proved_up_to_the_seal(scene: Scene, tmp_path: Path) -> None:
    shutil.copytree(scene.state, tmp_path / "state")
    proof = assert_rule(scene, tmp_path / "state")
    assert proof is not None
    assert (proof.faults, proof.anchored, proof.unanchored) == ((), scene.sealed, 3)


def test_a_whole_state_directory_rolled_back_to_an_older_copy_is_found(scene: Scene, tmp_path: Path) -> None:
    shutil.copytree(scene.older, tmp_path / "state")
    shutil.copytree(scene.state / "keys", tmp_path / "state" / "keys")
    proof = assert_rule(scene, tmp_path / "state")
    assert proof is not None
    assert proof.faults == (f"the checkpoint names record {scene.sealed}, which is missing: the tail was cut",)


def test_a_new_ledger_in_place_of_the_old_one_is_found(scene: Scene, tmp_path: Path) -> None:
    shutil.copytree(scene.state / "keys", tmp_path / "state" / "keys")
    forged = Ledger.open(tmp_path / "state", FakeClock(), "minh")
    for number in range(20):
        forged.append("fine", {"n": number})
    proof = assert_rule(scene, tmp_path / "state")
    assert proof is not None
    assert proof.faults == (f"record {scene.sealed} is not the one the checkpoint was made of",)


@given(st.sampled_from(["change", "remove", "exchange", "bury"]), st.integers(0, 1))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_objects_that_were_meddled_with_are_found(scene: Scene, act: str, which: int) -> None:
    with TemporaryDirectory(dir=MEMORY) as folder:
        state = Path(folder) / "state"
        shutil.copytree(scene.state, state)
        objects = Objects(state)
        name, other = (sorted(objects.names())[index] for index in (which, 1 - which))
        match act:
            case "change":
                objects.path(name).write_bytes(b"evidence of nothing")
            case "remove":
                objects.path(name).unlink()
            case "exchange":
                shutil.copy(objects.path(other), objects.path(name))
            case _:
                objects.erase(name, {"reason": "by whom it suits"})
        proof = assert_rule(scene, state)
        assert proof is not None
        assert len(proof.faults) == 1
        assert name[:16] in proof.faults[0]
