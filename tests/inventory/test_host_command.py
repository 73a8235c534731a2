from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from inventory.host_command import HostCommand
from inventory.system import System

TWO = [{"host": "db", "run": ["systemctl", "start", "postgresql"]}, {"run": ["systemctl", "start", "web"]}]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ([], []),
        (["touch", "/up"], [HostCommand(run=["touch", "/up"])]),
        (TWO, [HostCommand(run=TWO[0]["run"], host="db"), HostCommand(run=TWO[1]["run"])]),
    ],
)
def test_a_command_is_a_list_of_words_and_several_name_their_hosts(written: list[object], meant: list[object]) -> None:
    system = System.model_validate({"name": "X", "start": written})
    assert system.start == meant
    assert json.loads(system.model_dump_json())["start"] == written, "it is written as people wrote it"
    assert System.model_validate_json(system.model_dump_json()) == system


@pytest.mark.parametrize("wrong", [["a", 5], [{"run": []}], [{"host": "db"}], [{"run": ["a"], "on": "db"}], ["a", TWO]])
def test_what_is_no_command_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError, match="start"):
        System.model_validate({"name": "X", "start": wrong})
