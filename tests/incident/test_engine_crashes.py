"""SIGKILL at every point of every kind of step, in real processes; what is found afterwards, and what is done then."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from incident import engine, runs
from incident.effects import Answers
from incident.incident import find
from incident.runs import Run
from inventory.errors import ExitCode, HoldfastError
from ledger.ledger import Ledger
from tests.incident import making
from tests.incident.making import ANNOUNCE, BY_HAND, CLEAN, COPY, NORMAL, POLICE, RESTORE, START, PaperHands

POINTS = ("before intent", "after intent", "mid effect", "after effect", "after result")
ONE = {"sso": making.system(host="signon-1")}
PROBED = {"effect": "probe", "done_when": "normal"}
STEPS: dict[str, Any] = {
    "check copy": COPY,
    "check normal": NORMAL,
    "restore idempotent": RESTORE,
    "restore probe": RESTORE | PROBED,
    "restore once": RESTORE | {"effect": "once"},
    "command idempotent": {"id": "tell", "command": ["tell"], "effect": "idempotent"},
    "command probe": START,
    "command once": ANNOUNCE,
}
# How often an effect has begun once everything is settled: (idempotent, probe, once said done, once said again).
BEGUN = {
    "before intent": (1, 1, 1, 1),
    "after intent": (1, 1, 0, 1),
    "mid effect": (2, 2, 1, 2),
    "after effect": (2, 1, 1, 2),
    "after result": (1, 1, 1, 1),
}


@dataclass(frozen=True)
class World:
    """A ledger and a paper that outlive every process that works on them."""

    state: Path
    paper: Path

    def begin(self, systems: Any, *steps: Any) -> str:
        with making.real_ledger(self.state) as ledger:
            incident = making.opened(ledger, *systems)
            return engine.start(ledger, making.planned(incident.id, systems, *steps))

    def run(self, run_id: str) -> Run:
        with making.real_ledger(self.state) as ledger:
            return runs.find(ledger, run_id)

    def hands(self) -> PaperHands:
        return PaperHands(self.paper)

    def work(self, run_id: str, answers: Answers | None = None, kill: Callable[[str, str], None] | None = None) -> int:
        """Work a run in a process of its own; `kill(point, step)` is asked at every point. Returns its exit code."""

        def child() -> int:
            told = kill or (lambda _point, _step: None)
            hands = PaperHands(self.paper, during=lambda step: told("mid effect", step))
            ledger = Ledger.open(self.state, making.SystemClock(), "minh")
            try:
                run = engine.go_on(ledger, run_id, hands, answers, lambda point, step, _: told(point, step.key))
            except HoldfastError as error:
                return int(error.exit_code)
            return 0 if run.complete else 1

        return making.in_child(child)


@pytest.fixture
def world(state: Path, tmp_path: Path) -> World:
    return World(state, tmp_path / "paper")


def killed_at(point: str, step: str) -> Callable[[str, str], None]:
    def kill(here: str, which: str) -> None:
        if (here, which) == (point, step):
            os.kill(os.getpid(), signal.SIGKILL)

    return kill


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("point", POINTS)
def test_after_a_kill_a_run_ends_right(world: World, name: str, point: str) -> None:
    step = STEPS[name]
    run_id = world.begin(ONE, step, NORMAL) if step is not NORMAL else world.begin(ONE, NORMAL)
    key = f"sso/{step['id']}"
    assert world.work(run_id, kill=killed_at(point, key)) == -signal.SIGKILL

    effect = step.get("effect", "idempotent")
    column = ("idempotent", "probe", "once").index(effect)
    code = world.work(run_id)
    if effect == "once" and point in POINTS[1:4]:
        assert code == 1
        begun = world.hands().begun(key)
        assert begun == (0 if point == "after intent" else 1), "it must not run again unasked"
        assert [waiting.key for waiting in world.run(run_id).waiting] == [key]
        assert world.work(run_id) == 1, "asking a second time must not run it either"
        assert world.hands().begun(key) == begun
        code = world.work(run_id, Answers(done=frozenset({key})))
    assert code == 0
    assert world.hands().begun(key) == BEGUN[point][column]
    run = world.run(run_id)
    assert run.complete
    assert run.ended == "done"
    no_finished_step_was_repeated(world)


@pytest.mark.parametrize("point", POINTS[1:4])
def test_a_step_in_doubt_is_repeated_only_when_told_so(world: World, point: str) -> None:
    run_id = world.begin(ONE, ANNOUNCE, NORMAL)
    world.work(run_id, kill=killed_at(point, "sso/announce"))
    assert world.work(run_id, Answers(again=frozenset({"announce"}))) == 0
    assert world.hands().begun("sso/announce") == BEGUN[point][3]


def test_a_step_told_to_run_again_and_killed_again_is_in_doubt_again(world: World) -> None:
    run_id = world.begin(ONE, ANNOUNCE, NORMAL)
    kill = killed_at("mid effect", "sso/announce")
    again = Answers(again=frozenset({"announce"}))
    assert world.work(run_id, kill=kill) == -signal.SIGKILL
    assert world.work(run_id, again, kill) == -signal.SIGKILL
    assert world.work(run_id) == 1
    assert world.hands().begun("sso/announce") == 2


def test_answers_already_given_are_not_asked_for_again(world: World) -> None:
    run_id = world.begin(ONE, POLICE, CLEAN, BY_HAND, RESTORE, NORMAL)
    answers = Answers(approve=frozenset({"clean-target"}), done=frozenset({"cable"}))
    assert world.work(run_id, answers, killed_at("before intent", "sso/restore")) == -signal.SIGKILL
    assert world.work(run_id) == 0


def test_two_processes_cannot_work_one_run(world: World) -> None:
    run_id = world.begin(ONE, ANNOUNCE, NORMAL)
    ready, go = os.pipe()

    def child() -> int:
        os.read(ready, 1)
        ledger = Ledger.open(world.state, making.SystemClock(), "minh")
        hands = PaperHands(world.paper, during=lambda _step: making.SystemClock().sleep(0.7))
        try:
            return 0 if engine.go_on(ledger, run_id, hands).complete else 1
        except HoldfastError as error:
            return int(error.exit_code)

    both = [making.begin_child(child) for _ in range(2)]
    os.write(go, b"go")
    assert sorted(making.finished(pid) for pid in both) == [0, ExitCode.REFUSED]
    assert world.hands().begun("sso/announce") == 1
    assert world.hands().begun("sso/normal") == 1
    os.close(ready)
    os.close(go)


def test_two_processes_cannot_recover_one_incident_in_two_runs(world: World) -> None:
    run_id = world.begin(ONE, RESTORE, NORMAL)

    def another() -> int:
        ledger = Ledger.open(world.state, making.SystemClock(), "hoa")
        try:
            engine.start(ledger, making.planned(find(ledger, None).id, ONE, RESTORE, NORMAL))
        except HoldfastError as error:
            return int(error.exit_code)
        return 0

    found: list[int] = []
    hands = PaperHands(world.paper, during=lambda _step: found.append(making.in_child(another)))
    with making.real_ledger(world.state) as ledger:
        assert engine.go_on(ledger, run_id, hands).complete
    assert found == [ExitCode.REFUSED, ExitCode.REFUSED]


THREE = {"sso": making.system(), "edoc": making.system("sso"), "lgsp": making.system("sso")}


@pytest.mark.parametrize("seed", range(20))
def test_however_often_it_is_killed_a_run_of_three_systems_ends_right(world: World, seed: int) -> None:
    chance = random.Random(seed)
    run_id = world.begin(THREE, POLICE, COPY, RESTORE, ANNOUNCE, START, NORMAL)
    answers, said_again, kills = Answers(), Counter[str](), 0
    for _ in range(60):
        left = chance.randrange(1, 25)

        def kill(_point: str, _step: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        code = world.work(run_id, answers, kill)
        kills += code == -signal.SIGKILL
        assert code in {-signal.SIGKILL, 0, 1}
        if code == 0:
            break
        answers = answer(world, run_id, said_again)
    run = world.run(run_id)
    assert run.complete
    assert kills > 0
    no_finished_step_was_repeated(world)
    for key in THREE:
        assert world.hands().ended(f"{key}/announce") == 1, "an effect that may happen once has happened once"
        assert world.hands().begun(f"{key}/announce") <= 1 + said_again[f"{key}/announce"]
        assert world.hands().ended(f"{key}/start") == 1, "what is looked at first is not done twice"
    order_was_kept(world)


def answer(world: World, run_id: str, said_again: Counter[str]) -> Answers:
    """Say about every step in doubt what the paper shows, as a person who goes and looks would."""
    doubtful = [step.key for step in world.run(run_id).waiting]
    happened = frozenset(key for key in doubtful if world.hands().ended(key))
    again = frozenset(doubtful) - happened
    said_again.update(again)
    return Answers(done=happened, again=again)


def no_finished_step_was_repeated(world: World) -> None:
    finished: set[str] = set()
    normal: Counter[str | None] = Counter()
    with making.real_ledger(world.state) as ledger:
        for record in ledger.read():
            if record.kind == "step.intent":
                assert record.body["step"] not in finished
            if record.kind == "step.finished" and record.body["ok"]:
                assert record.body["step"] not in finished
                finished.add(record.body["step"])
            normal[record.system] += record.kind == "system.normal"
        assert set(normal.values()) <= {0, 1}
        assert find(ledger, None).still_down == ()
        assert ledger.verify().whole


def order_was_kept(world: World) -> None:
    lines = world.hands().lines()
    back = lines.index("end sso/normal")
    assert all(line.split()[1].startswith("sso/") for line in lines[:back])
