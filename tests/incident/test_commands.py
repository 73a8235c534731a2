from __future__ import annotations

import re

import pytest

from incident import commands
from incident.commands import Placed
from incident.runbook import Step
from tests.incident import making

WEB = making.system(
    host="db-1",
    start=[
        {"host": "db-1", "run": ["systemctl", "start", "postgresql"]},
        {"host": "web-1", "run": ["up", "{target:db-1}"]},
    ],
    stop=["systemctl", "stop", "all"],
)
TARGETS = {"db-1": "spare-1", "web-1": "spare-2"}


@pytest.mark.parametrize(
    ("step", "meant"),
    [
        ({"command": "start"}, [("spare-1", "systemctl start postgresql"), ("spare-2", "up spare-1")]),
        ({"command": "stop"}, [("spare-1", "systemctl stop all")]),
        ({"command": ["switch", "{target:web-1}"]}, [("spare-1", "switch spare-2")]),
        ({"command": ["reload"], "host": "web-1"}, [("spare-2", "reload")]),
        ({"command": ["reload"], "host": "dns-1"}, [("dns-1", "reload")]),
        ({"check": "copy"}, []),
    ],
)
def test_a_command_runs_on_the_host_in_place_of_the_one_it_names(step: dict[str, object], meant: list[object]) -> None:
    found = commands.of_step(Step.model_validate({"id": "x"} | step), WEB, TARGETS)
    assert found == [Placed(host, tuple(words.split())) for host, words in meant]  # type: ignore[misc]


def test_each_attempt_has_a_name_of_its_own_that_hosts_take_and_people_can_read() -> None:
    given = [
        ("inc-1-r1", "mark", "sso/start", 1),
        ("inc-1-r1", "mark", "sso/start", 2),
        ("inc-1-r1", "other", "sso/start", 1),
    ]
    names = [commands.part(commands.name(*each), 0) for each in given]
    assert len(set(names)) == 3
    assert names[0].startswith("sso-start-1-")
    long = commands.part(commands.name("inc-1-r1", "m", f"{'very-' * 30}/{'long-' * 30}", 1), 99)
    assert all(re.fullmatch("[0-9a-zA-Z-]{8,64}", name) for name in [*names, long])
