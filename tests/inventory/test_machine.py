from __future__ import annotations

from pathlib import Path

import pytest

from inventory import machine
from inventory.errors import HoldfastError


def test_a_program_that_fails_is_named_with_its_own_words() -> None:
    with pytest.raises(HoldfastError, match=r"ls failed: .*No such file"):
        machine.run("ls", "/there/is/nothing")
    assert machine.run("echo", "said") == "said\n"


def test_every_trace_of_a_unit_is_found_whoever_left_it(tmp_path: Path) -> None:
    units, stamps = tmp_path / "system", tmp_path / "timers"
    for file in (
        units / "x-watch.service",
        units / "timers.target.wants" / "x-watch-look.timer",
        units / "x-watch.service.d" / "more.conf",
        units / "other.service",
        stamps / "stamp-x-watch-look.timer",
        stamps / "stamp-other.timer",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (units / "timers.target.wants" / "x-watch-gone.timer").symlink_to(units / "x-watch-gone.timer")
    found = {str(path.relative_to(tmp_path)) for path in machine.traces("x-watch", units=units, stamps=stamps)}
    assert found == {
        "system/x-watch.service",
        "system/x-watch.service.d",
        "system/timers.target.wants/x-watch-gone.timer",
        "system/timers.target.wants/x-watch-look.timer",
        "timers/stamp-x-watch-look.timer",
    }
