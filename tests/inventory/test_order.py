from __future__ import annotations

import json
from pathlib import Path

from inventory import order
from inventory.command import Command
from inventory.order import Run
from inventory.ssh import Ssh


def test_an_order_to_follow_says_where_it_was_and_how_long_it_may_be_alone() -> None:
    ssh = Ssh(Path("known_hosts"), silence=10, patience=60, linger=5)
    assert order.attach(Run("run-0001"), ssh, "me", 3, [5, 7]) == {
        "version": 1,
        "id": "run-0001",
        "client": "me",
        "attempt": 3,
        "offsets": [5, 7],
        "linger": 5,
        "patience": 60,
        "fresh": 5.0,
    }


def test_an_order_to_begin_carries_everything_a_program_needs() -> None:
    command = Command(("a", "b"), {"X": "y"}, Path("/srv"), {"key": b"\0\xff"}, b"input", 9.5)
    begun = json.loads(order.write(order.begin(command)))
    assert begun == {
        "argv": ["a", "b"],
        "env": {"X": "y"},
        "cwd": "/srv",
        "limit": 9.5,
        "grace": 2.0,
        "input": True,
        "secrets": {"key": "AP8="},
    }
    assert order.begin(Command(("a",)))["input"] is False


def test_no_two_runs_have_one_name() -> None:
    names = {order.new_name() for _ in range(100)}
    assert len(names) == 100
    assert all(8 <= len(name) <= 64 and name.isalnum() for name in names)
