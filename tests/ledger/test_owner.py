from __future__ import annotations

import multiprocessing
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from ledger import owner
from ledger.ledger import Ledger
from tests.fakes.clock import FakeClock


def test_this_process_is_alive_and_its_parts_are_told_apart() -> None:
    one, other = owner.this_process(), owner.this_process()
    assert one != other
    assert owner.parse(str(one)) == one
    assert not owner.is_dead(str(one))


def test_a_process_that_ended_or_another_with_its_number_is_dead() -> None:
    here = owner.this_process()
    assert owner.is_dead(str(replace(here, pid=2**22 + 1)))
    assert owner.is_dead(str(replace(here, started="1")))


@pytest.mark.parametrize(
    "change",
    [
        {"boot": "another-boot", "started": "1"},
        {"boot": "another-boot", "namespace": "pid:[1]"},
    ],
)
def test_what_ran_before_the_last_boot_is_dead(change: dict[str, str]) -> None:
    assert owner.is_dead(str(replace(owner.this_process(), **change)))  # type: ignore[arg-type]


def test_what_ran_before_a_container_was_started_again_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    here = replace(owner.this_process(), namespace="pid:[7]@5000")
    monkeypatch.setattr(owner, "this_process", lambda: here)
    assert owner.is_dead(str(replace(here, namespace="pid:[6]@4000")))
    assert not owner.is_dead(str(replace(here, namespace="pid:[6]"))), "a sandbox without a system manager"


def test_a_process_that_is_shown_another_boot_id_in_the_same_namespace_lives() -> None:
    assert not owner.is_dead(str(replace(owner.this_process(), boot="the-machine-below")))


@pytest.mark.parametrize(
    "change", [{"host": "elsewhere"}, {"namespace": "pid:[1]", "pid": 2**22 + 1}, {"boot": ""}, {"namespace": ""}]
)
def test_what_cannot_be_proved_is_alive(change: dict[str, str]) -> None:
    assert not owner.is_dead(str(replace(owner.this_process(), **change)))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "x", "a|b|c|d|e|f", "a|b|c|1|e"])
def test_a_text_that_names_no_owner_is_alive(text: str) -> None:
    assert owner.parse(text) is None
    assert not owner.is_dead(text)


def _own(state: Path) -> None:
    Ledger.open(state, FakeClock(), "lan").own("recovery")


def test_what_a_dead_process_owned_passes_on_at_once(ledger: Ledger, state: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_own, args=(state,))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert ledger.own("recovery").epoch == 2


def test_an_owner_is_named_by_what_a_person_can_look_for() -> None:
    assert owner.words(str(owner.this_process())) == f"process {os.getpid()} on {socket.gethostname()}"
    assert owner.words("somebody else's words") == "somebody else's words"
