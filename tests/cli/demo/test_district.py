from __future__ import annotations

from pathlib import Path

import pytest

from cli.demo import district
from cli.demo.district import SERVICES
from inventory import site as sites
from inventory.errors import ExitCode, HoldfastError, RefusedError


def test_a_folder_that_is_not_a_demos_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("four years of work")
    with pytest.raises(RefusedError, match="not empty"):
        district.claim(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "four years of work"


@pytest.mark.parametrize("where", ["file", "file/below", "/proc/demo"])
def test_a_place_where_no_folder_can_be_made_is_named_with_a_way_out(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(HoldfastError, match="the demo cannot use") as caught:
        district.claim(tmp_path / where)
    assert "--dir" in caught.value.hint
    assert caught.value.exit_code == ExitCode.UNFINISHED


def test_an_earlier_demos_folder_is_emptied_even_where_it_was_made_unreadable(tmp_path: Path) -> None:
    home = district.claim(tmp_path / "demo")
    shelf = home / "shelf" / "weekly-a"
    shelf.mkdir(parents=True)
    (shelf / "pack").write_text("x")
    shelf.chmod(0o000)
    assert district.claim(home) == home
    assert [entry.name for entry in home.iterdir()] == [district.MARK]


def test_the_site_it_writes_is_valid_and_names_the_three_systems(tmp_path: Path) -> None:
    world = district.build(district.claim(tmp_path / "demo"))
    site = sites.load(world.site)
    assert set(site.systems) == set(SERVICES)
    assert site.systems["edoc"].depends_on == ["sso"]
    assert all(host.connection == "local" for host in site.hosts.values())
    assert len(set(world.ports.values())) == 3


def test_reinstalling_a_host_keeps_the_attacked_one_as_evidence(tmp_path: Path) -> None:
    world = district.build(district.claim(tmp_path / "demo"))
    evidence = district.reinstall(world, "signon-1")
    assert (evidence / "srv" / "sso" / "sso.db").is_file()
    assert not (world.hosts / "signon-1" / "srv").exists()
    assert (world.hosts / "signon-1" / "etc" / "ssh" / "sshd_config").is_file()
