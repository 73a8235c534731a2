from __future__ import annotations

from backup import media, probing
from ledger import alerts
from tests.backup.world import LABEL, World


def test_a_medium_that_is_away_cannot_be_reached_and_that_is_proof(world: World) -> None:
    media.prepare(world.depot, LABEL)
    media.attach(world.depot, LABEL)
    media.detach(world.depot, LABEL)
    assert not world.depot.copies().media[LABEL].proved_offline
    found = probing.probe(world.depot, LABEL)
    assert (found.reached, found.alarm) == (False, False)
    assert world.depot.copies().media[LABEL].proved_offline
    assert alerts.listed(world.ledger) == []


def test_a_medium_that_answers_while_it_should_be_away_is_an_alarm(world: World) -> None:
    media.prepare(world.depot, LABEL)
    media.attach(world.depot, LABEL)
    media.detach(world.depot, LABEL)
    world.shelf.chmod(0o700)
    world.shelf.rename(world.offline)  # somebody plugged it in again
    found = probing.probe(world.depot, LABEL)
    assert (found.reached, found.alarm) == (True, True)
    assert not world.depot.copies().media[LABEL].proved_offline
    alert = alerts.listed(world.ledger)[0]
    assert (alert.rule, alert.level) == ("medium-reachable", "high")


def test_a_medium_in_use_answers_and_is_no_alarm(world: World) -> None:
    media.prepare(world.depot, LABEL)
    media.attach(world.depot, LABEL)
    found = probing.probe(world.depot, LABEL)
    assert (found.reached, found.alarm) == (True, False)
    assert alerts.listed(world.ledger) == []


def test_attaching_again_takes_the_proof_away(world: World) -> None:
    media.prepare(world.depot, LABEL)
    media.attach(world.depot, LABEL)
    media.detach(world.depot, LABEL)
    probing.probe(world.depot, LABEL)
    media.attach(world.depot, LABEL)
    media.detach(world.depot, LABEL)
    assert not world.depot.copies().media[LABEL].proved_offline


def test_an_empty_mount_point_is_no_answer(world: World) -> None:
    media.prepare(world.depot, LABEL)
    world.offline.mkdir()
    assert not probing.probe(world.depot, LABEL).reached
