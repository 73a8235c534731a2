from __future__ import annotations

from pathlib import Path

import pytest

from incident.doctor import custody


def test_a_closed_state_with_closed_keys_is_green(state: Path) -> None:
    (state / "keys").mkdir(mode=0o700)
    for name, mode in (("main", 0o600), ("checkpoint.pub", 0o644)):
        (state / "keys" / name).write_text("x")
        (state / "keys" / name).chmod(mode)
    assert [each.state for each in custody.state_private(state)] == ["green"]
    assert [each.state for each in custody.keys_private(state / "keys")] == ["green"]


@pytest.mark.parametrize("mode", [0o710, 0o704, 0o777])
def test_any_way_in_for_others_is_red(state: Path, mode: int) -> None:
    state.chmod(mode)
    assert [each.state for each in custody.state_private(state)] == ["red"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_or_write_is_red(state: Path, mode: int) -> None:
    (state / "keys").mkdir()
    (state / "keys" / "main").write_text("x")
    (state / "keys" / "main").chmod(mode)
    assert [each.state for each in custody.keys_private(state / "keys")] == ["red"]


def test_no_state_directory_is_red_and_setup_makes_it(tmp_path: Path) -> None:
    found = list(custody.state_private(tmp_path / "none"))
    assert [(each.state, each.mend) for each in found] == [("red", "sudo holdfast setup")]


def test_git_and_stores_inside_a_site_have_their_own_rules(tmp_path: Path) -> None:
    for name in (".git", "vault", "inventory"):
        (tmp_path / name).mkdir()
    (tmp_path / "vault").chmod(0o777)
    assert [each.state for each in custody.site_guarded(tmp_path)] == ["green"]
    (tmp_path / "inventory").chmod(0o775)
    assert [each.state for each in custody.site_guarded(tmp_path)] == ["red"]
