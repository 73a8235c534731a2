from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from inventory.errors import ExitCode, RefusedError, UsageError
from ledger import audit, durable, erasure
from ledger import objects as objects_module
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.objects import ObjectErasedError, Objects

CONTENT = b"Nguyen Van A, 001099000000"
APPROVAL = {"person": "Hoa", "login": "hoa", "signed": True}


@pytest.fixture
def objects(state: Path) -> Objects:
    return Objects(state)


@pytest.fixture
def name(both: Ledger, objects: Objects) -> str:
    """An object that two records refer to."""
    name = objects.put(CONTENT)
    both.append("scan.finished", {"object": name})
    both.append("note", {"text": f"about {name}"})
    both.append("excerpt.kept", {"found": [{"objects": [name]}]})
    return name


def test_the_plan_names_what_refers_to_the_object_and_changes_nothing(
    both: Ledger, objects: Objects, name: str
) -> None:
    plan = erasure.plan(both, objects, name, " asked by the person ")
    assert (plan.size, plan.reason, plan.recorded) == (len(CONTENT), "asked by the person", None)
    assert plan.referred_by == ((1, "scan.finished"), (3, "excerpt.kept"))
    assert objects.get(name) == CONTENT
    assert plan.action == f"ledger erase {name}"


def test_an_approval_is_bound_to_object_and_reason(both: Ledger, objects: Objects, name: str) -> None:
    other = objects.put(b"other")
    digests = {erasure.plan(both, objects, each, why).digest for each in (name, other) for why in ("law", "whim")}
    assert len(digests) == 4
    assert all(len(digest) == 64 for digest in digests)


def test_what_is_erased_is_gone_and_hash_reason_and_names_stay(both: Ledger, objects: Objects, name: str) -> None:
    record = erasure.carry_out(both, objects, erasure.plan(both, objects, name, "asked by the person"), APPROVAL)
    assert record.body == {
        "object": name,
        "size": len(CONTENT),
        "reason": "asked by the person",
        "referred_by": [1, 3],
        "approval": APPROVAL,
    }
    with pytest.raises(ObjectErasedError, match="erased by law: asked by the person"):
        objects.get(name)
    stone = objects.tombstone(name)
    assert stone is not None
    assert (stone["object"], stone["by"], stone["approved_by"], stone["record"]) == (name, "minh", "Hoa", record.seq)
    assert CONTENT not in b"".join(file.read_bytes() for file in objects.root.rglob("*") if file.is_file())
    assert both.verify().whole
    assert audit.audit(both, objects).faults == ()


def test_what_was_erased_cannot_be_put_back_unseen(both: Ledger, objects: Objects, name: str) -> None:
    erasure.carry_out(both, objects, erasure.plan(both, objects, name, "law"), APPROVAL)
    with pytest.raises(ObjectErasedError):
        objects.put(CONTENT)
    objects.path(name).write_bytes(CONTENT)
    assert "was not finished" in audit.audit(both, objects).faults[0]


def test_an_object_that_is_not_there_or_a_reason_left_out_is_refused(both: Ledger, objects: Objects, name: str) -> None:
    with pytest.raises(UsageError, match="there is no object"):
        erasure.plan(both, objects, "0" * 64, "law")
    with pytest.raises(UsageError, match="needs a reason"):
        erasure.plan(both, objects, name, "  ")
    with pytest.raises(LedgerError, match="is not the name of an object"):
        erasure.plan(both, objects, "../etc", "law")


def test_twice_is_refused_and_leaves_one_record(both: Ledger, objects: Objects, name: str) -> None:
    erasure.carry_out(both, objects, erasure.plan(both, objects, name, "law"), APPROVAL)
    with pytest.raises(RefusedError, match="was erased before, by record 4") as caught:
        erasure.carry_out(both, objects, erasure.plan(both, objects, name, "law"), APPROVAL)
    assert caught.value.exit_code == ExitCode.REFUSED
    assert [record.kind for record in both.read(after=3)] == ["object.erased"]


@pytest.mark.parametrize("step", ["tombstone", "overwriting", "removing"])
def test_an_erasure_killed_halfway_is_a_fault_until_it_is_finished(ledger: Ledger, state: Path, step: str) -> None:
    objects = Objects(state)
    name = objects.put(CONTENT)
    pid = os.fork()
    if pid == 0:
        _die_at(step)
        mine = Ledger.open(state, ledger.clock, "minh")
        erasure.carry_out(mine, objects, erasure.plan(mine, objects, name, "law"), APPROVAL)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    assert "was not finished" in audit.audit(ledger, objects).faults[0]
    plan = erasure.plan(ledger, objects, name, "law")
    assert plan.recorded is not None
    erasure.carry_out(ledger, objects, plan, {"person": "somebody else"})
    assert audit.audit(ledger, objects) == audit.Audit((), (name,))
    assert len(list(ledger.read(kinds=[erasure.ERASED]))) == 1
    stone = json.loads(objects.tombstone_file(name).read_text())
    assert stone["approved_by"] == "Hoa"


def _die_at(step: str) -> None:
    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    match step:
        case "tombstone":
            durable.write = die  # type: ignore[assignment]
        case "overwriting":
            objects_module._overwrite = die
        case _:
            objects_module._overwrite = lambda file: setattr(Path, "unlink", die)
