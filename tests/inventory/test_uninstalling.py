"""The plan of a removal; carrying it out is in tests/control."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory import installation, launching, uninstalling
from inventory.errors import UsageError
from inventory.installing import Written


def found(tmp_path: Path, **digests: str) -> Written:
    return Written("try-1", Path("/var/lib/holdfast/try-1"), {str(tmp_path / name): d for name, d in digests.items()})


def test_the_last_made_goes_first_and_what_was_changed_by_hand_stays(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    made = found(tmp_path, a=installation.digest("a"), b=installation.digest("other"), c="")
    steps = uninstalling.plan(made, with_state=False)
    assert [(Path(step.name).name, step.remove) for step in steps] == [("c", False), ("b", False), ("a", True)]
    [kept, _record] = uninstalling.remains(steps)
    assert "changed by hand" in kept


def test_the_state_goes_only_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(installation, "HOME", tmp_path)
    (tmp_path / "try-1").mkdir()
    made = found(tmp_path, **{"try-1": ""})
    assert [step.remove for step in uninstalling.plan(made, with_state=False)] == [False]
    assert [step.remove for step in uninstalling.plan(made, with_state=True)] == [True]


def test_only_the_watch_goes_with_the_watch_and_its_signs_of_life_last(tmp_path: Path) -> None:
    (tmp_path / "watch").mkdir()
    names = ["user holdfast", str(installation.LAUNCHER), str(launching.WATCH_FILE), f"service {launching.WATCH}"]
    made = Written("try-1", tmp_path, dict.fromkeys([*names, f"service {launching.TIMER}"], ""))
    steps = uninstalling.watch_plan(made)
    services = [f"service {launching.TIMER}", f"service {launching.WATCH}"]
    assert [step.name for step in steps] == [*services, str(launching.WATCH_FILE), f"signs of life in {tmp_path}/watch"]


def test_where_nothing_was_set_up_nothing_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.installing.written", lambda: None)
    with pytest.raises(UsageError):
        uninstalling.require_written()
