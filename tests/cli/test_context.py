from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cli.context import Context
from inventory.errors import ExitCode, HoldfastError, UsageError


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The smallest site, whose state directory does not exist yet."""
    root = tmp_path / "site"
    (root / "inventory").mkdir(parents=True)
    (root / "holdfast.yml").write_text("site: small\nname: A small district\n", encoding="utf-8")
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "var" / "state"))
    return root


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    context = Context(tmp_path / "no such site")
    assert context.clock.now().tzinfo is not None
    with pytest.raises(UsageError, match="is not a site"):
        _ = context.site


def test_the_site_is_found_upwards_from_where_the_command_is_run(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site / "inventory")
    assert Context().site.root == site.resolve()


def test_the_given_site_comes_before_the_one_in_the_environment(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_SITE", str(tmp_path))
    assert Context(site).site.root == site.resolve()


def test_the_state_directory_is_made_for_its_owner_alone(site: Path) -> None:
    state = Context(site).state
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_a_state_directory_that_cannot_be_made_is_named_with_the_way_out(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "file" / "state"))
    with pytest.raises(HoldfastError, match="cannot be made") as raised:
        _ = Context(site).state
    assert raised.value.exit_code == ExitCode.UNFINISHED
    assert "HOLDFAST_STATE" in raised.value.hint


def test_records_carry_the_login_of_whoever_runs_the_command(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context(site)
    assert context.ledger.actor == context.actor.login
    assert context.ledger is context.ledger
