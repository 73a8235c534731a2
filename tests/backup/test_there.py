"""A host that answers what no program of ours would say."""

from __future__ import annotations

import json

import pytest

from backup import machines
from backup.errors import AnswerError
from backup.onhost.survey import Wanted
from backup.restic import silent
from inventory.errors import HoldfastError
from tests.backup import away
from tests.backup.world import World
from tests.inventory.sshd import SshHost

pytestmark = [pytest.mark.restic, pytest.mark.ssh]

ANSWERS = {
    "nothing": "",
    "no JSON": "hello",
    "no object": "[1]",
    "entries of another shape": json.dumps({"entries": [["db-1", "/srv"]]}),
    "an answer of another shape": json.dumps({"answer": {"sources": 3}}),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_that_is_none_is_a_named_error(far: World, ssh_host: SshHost, answer: str) -> None:
    away.install(ssh_host, copies=b"#!/bin/sh\necho '" + answer.encode() + b"'\n")
    machine = machines.of(far.depot, far.site.host("db-1"), owners=True)
    with pytest.raises(AnswerError, match="db-1"):
        machine.survey(Wanted("db-1", "/", [], [], "/staged"), silent)


def test_an_error_that_comes_from_a_host_is_safe_to_show(far: World, ssh_host: SshHost) -> None:
    said = json.dumps({"error": {"kind": "ExitCode", "message": "a\x1b[2Jb", "hint": ""}}).replace("\\", "\\\\")
    away.install(ssh_host, copies=b"#!/bin/sh\nprintf '%b\\n' '" + said.encode() + b"'\n")
    machine = machines.of(far.depot, far.site.host("db-1"), owners=True)
    with pytest.raises(HoldfastError) as caught:
        machine.ask("clear", staging="/x")
    assert caught.value.message == "db-1: a[2Jb"
