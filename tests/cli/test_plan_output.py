"""A plan in words."""

from __future__ import annotations

from cli import plan_output
from playbooks.plan import Change, Outcome


def test_each_change_stands_with_its_difference_and_hosts_not_finished_with_their_reason() -> None:
    change = Change("web", "ssh", "Write the settings", "a.conf", "-old\n+new\n")
    plan = Outcome((change,), {"db": "Task: no room"}, {"far": "timed out"}, ("db: left alone",))
    assert plan_output.lines(plan) == [
        "web: Write the settings (a.conf) [role ssh]",
        "    -old",
        "    +new",
        "note: db: left alone",
        "error: far was not reached: timed out",
        "error: db was not finished: Task: no room",
        "1 change on 1 host would be made; nothing was changed",
    ]


def test_numbers_take_their_plural() -> None:
    assert [plan_output.many(count, "host") for count in (0, 1, 2)] == ["0 hosts", "1 host", "2 hosts"]
