from __future__ import annotations

from pathlib import Path

import pytest

from incident.doctor import hosts
from inventory.system import Host
from playbooks.ping import Answer


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer("web-1", "", 0.4), "green"),
        (Answer("web-1", "", -45), "amber"),
        (Answer("web-1", "", 4000), "red"),
        (Answer("web-1", "", None), "unknown"),
        (Answer("web-1", "Host key verification failed.", None), "red"),
    ],
)
def test_a_host_is_judged_by_its_answer_and_its_clock(answer: Answer, state: str) -> None:
    found = hosts.judge(answer)
    assert (found.state, found.subject) == (state, "web-1")


def test_a_clock_apart_is_told_in_words() -> None:
    assert hosts.judge(Answer("web-1", "", -600)).found == "its clock is 10m behind this one"


def test_a_host_that_is_a_directory_is_looked_for(tmp_path: Path) -> None:
    host = Host(name="documents-1", connection="local", root=str(tmp_path))
    assert hosts.of_directory(host).state == "green"
    assert hosts.of_directory(host.model_copy(update={"root": str(tmp_path / "none")})).state == "red"
