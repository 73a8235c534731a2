"""The engine's real effects, against real copies."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from backup import media
from incident import acts, engine, incident, measure, planning, runs
from incident.effects import Answers
from incident.incident import Incident
from incident.runs import Run
from inventory.errors import RefusedError
from tests.backup import damage
from tests.incident import making
from tests.incident.district import LABEL, SYSTEMS, District, tree

APPROVED = Answers(approve=frozenset({"clean-target", "stolen-accounts"}), reason="installed by Hoa")


def opened(district: District) -> Incident:
    made = making.opened(district.ledger, "sso", "edoc")
    making.settle(district.ledger, made)
    return incident.find(district.ledger, made.id)


def started(district: District, made: Incident, **onto: str) -> str:
    targets = {lost.replace("_", "-"): target for lost, target in onto.items()}
    plan = planning.plan(district.site, district.state, district.ledger, made, [], targets)
    return engine.start(district.ledger, plan)


def work(district: District, run_id: str, answers: Answers = APPROVED) -> Run:
    hands = district.hands(runs.find(district.ledger, run_id).plan.incident)
    return engine.go_on(district.ledger, run_id, hands, answers)


def content(district: District, host: str) -> dict[str, object]:
    """Return every file of a host's data, of a database what it holds."""
    found: dict[str, object] = {}
    for name, read in tree(district.host(host) / "srv").items():
        found[name] = read
        if name.endswith(".db"):
            with closing(sqlite3.connect(district.host(host) / "srv" / name)) as database:
                found[name] = list(database.iterdump())
    return found


@pytest.mark.restic
def test_two_lost_systems_come_back_with_their_data_and_the_loss_is_measured(safe: District) -> None:
    before = {host: content(safe, host) for host in SYSTEMS.values()}
    safe.damage()
    made = opened(safe)
    run = work(safe, started(safe, made))
    assert run.complete, run.verdict
    assert {host: content(safe, host) for host in SYSTEMS.values()} == before
    assert run.plan.systems[1].after == ["sso"]
    for each in measure.recovered(incident.find(safe.ledger, made.id), safe.site.systems, run):
        assert each.verified
        assert each.in_time
        assert each.bytes > 15_000
        assert each.data_loss_seconds is not None
        assert timedelta(minutes=29) < timedelta(seconds=each.data_loss_seconds) < timedelta(hours=2)
    acts.close(safe.ledger, incident.find(safe.ledger, made.id), "all normal")


@pytest.mark.restic
def test_a_lost_host_comes_back_on_a_spare_one_and_its_tests_run_there(lost: District) -> None:
    run = work(lost, started(lost, opened(lost), documents_1="spare-1"))
    assert run.complete, run.verdict
    assert (lost.host("spare-1") / "srv/edoc/edoc.db").is_file()
    assert (lost.host("spare-1") / "up").is_file()
    assert list(lost.host("documents-1").iterdir()) == []


@pytest.mark.restic
def test_nothing_is_closed_while_a_system_is_down(lost: District) -> None:
    made = opened(lost)
    run = work(lost, started(lost, made), Answers(approve=frozenset({"sso/clean-target", "stolen-accounts"})))
    assert [step.key for step in run.waiting] == ["edoc/clean-target"]
    with pytest.raises(RefusedError, match="not back to normal: edoc"):
        acts.close(lost.ledger, incident.find(lost.ledger, made.id), "done")
    assert work(lost, run.id).complete
    acts.close(lost.ledger, incident.find(lost.ledger, made.id), "done")


@pytest.mark.restic
def test_a_damaged_copy_is_found_before_anything_is_restored(lost: District) -> None:
    damage.spoil_a_pack(lost.vault / "edoc")
    run = work(lost, started(lost, opened(lost)))
    assert [step.key for step in run.failed] == ["edoc/copy"]
    assert "the copy on vault main is damaged" in run.state("edoc/copy").found
    assert run.state("edoc/restore").status == "open"
    assert list(lost.host("documents-1").iterdir()) == []
    assert incident.find(lost.ledger, None).still_down == ("edoc",)


@pytest.mark.restic
def test_a_copy_that_went_away_is_not_called_damaged(lost: District) -> None:
    run_id = started(lost, opened(lost))
    shutil.rmtree(lost.vault)
    run = work(lost, run_id)
    assert [step.key for step in run.failed] == ["sso/copy"]
    assert "damaged" not in run.state("sso/copy").found


@pytest.mark.restic
def test_a_target_in_use_is_never_overwritten(safe: District) -> None:
    (safe.host("documents-1") / "up").unlink()
    (safe.host("documents-1") / "srv/edoc/files/document 1.txt").write_text("ENCRYPTED")
    made = making.opened(safe.ledger, "edoc")
    making.settle(safe.ledger, made)
    run = work(safe, started(safe, incident.find(safe.ledger, made.id)), Answers(approve=frozenset({"clean-target"})))
    assert [step.key for step in run.failed] == ["edoc/restore"]
    assert (safe.host("documents-1") / "srv/edoc/files/document 1.txt").read_text() == "ENCRYPTED"


@pytest.mark.restic
def test_with_the_vault_destroyed_everything_comes_from_the_medium(safe: District) -> None:
    safe.copy_offline()
    media.detach(safe.depot, LABEL)
    shutil.rmtree(safe.vault)
    safe.damage()
    made = opened(safe)
    with pytest.raises(RefusedError) as caught:
        started(safe, made)
    assert f"holdfast backup media attach {LABEL}" in caught.value.hint
    assert "safe 2, kept by Ms Lan" in caught.value.hint
    media.attach(safe.depot, LABEL)
    assert work(safe, started(safe, made)).complete


def test_a_start_command_that_fails_says_its_last_line(district: District) -> None:
    made = making.opened(district.ledger, "sso")
    step = {"id": "tell", "command": ["sh", "-c", "echo one; echo two >&2; echo three; exit 7"]}
    plan = making.planned(made.id, {"sso": district.site.system("sso")}, step, making.NORMAL)
    hands = district.hands(made.id)
    result = hands.command(plan.systems[0], plan.steps[0], 10.0, "tell-the-others-1")
    assert (result.ok, result.found) == (False, "ended with 7: three")


def test_a_command_that_takes_too_long_is_ended_and_failed(district: District) -> None:
    made = making.opened(district.ledger, "sso")
    step = {"id": "tell", "command": ["sleep", "30"], "limit": "1s"}
    plan = making.planned(made.id, {"sso": district.site.system("sso")}, step, making.NORMAL)
    run = engine.go_on(district.ledger, engine.start(district.ledger, plan), district.hands(made.id))
    assert "ran longer than 1 seconds" in run.state("sso/tell").found


@pytest.mark.parametrize(("done_when", "found"), [("normal", True), ({"port": 1, "host": "signon-1"}, False)])
def test_an_interrupted_step_is_looked_at(district: District, done_when: object, found: bool) -> None:
    made = making.opened(district.ledger, "sso")
    step = making.START | {"done_when": done_when}
    plan = making.planned(made.id, {"sso": district.site.system("sso")}, step, making.NORMAL)
    assert district.hands(made.id).is_done(plan.systems[0], plan.steps[0]) is found


def test_a_system_is_normal_only_when_all_its_own_tests_pass(district: District) -> None:
    made = making.opened(district.ledger, "sso")
    plan = making.planned(made.id, {"sso": district.site.system("sso")}, making.NORMAL)
    hands = district.hands(made.id)
    assert hands.check_normal(plan.systems[0], 0.0).ok
    (district.host("signon-1") / "up").unlink()
    result = hands.check_normal(plan.systems[0], 0.6)
    assert not result.ok
    assert "test -f up" in result.found


def test_the_police_decision_is_the_one_of_this_incident(district: District) -> None:
    made, other = making.opened(district.ledger, "sso"), making.opened(district.ledger, "edoc")
    making.settle(district.ledger, other)
    assert not district.hands(made.id).police_decided()
    assert district.hands(other.id).police_decided()
