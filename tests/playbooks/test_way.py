"""Who comes in to a host: what Ansible is told, and what it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory import site
from inventory.errors import RefusedError, UsageError
from playbooks import way
from playbooks.way import Way

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJg1Pl2pqa3jCkoTYMw1iP5nsAFzbM2q5Krl2mRlKyEW"


@pytest.fixture
def here(tmp_path: Path) -> site.Site:
    (tmp_path / "site/inventory").mkdir(parents=True)
    (tmp_path / "site/holdfast.yml").write_text("site: try\nstate: ../state\n")
    text = "a:\n  hosts:\n    web: {ansible_host: 10.0.0.1, ansible_user: ops}\n    here: {ansible_connection: local}\n"
    (tmp_path / "site/inventory/a.yml").write_text(text)
    return site.load(tmp_path / "site")


def test_what_is_not_said_is_the_inventorys(here: site.Site) -> None:
    found = Way(here.host("web"))
    assert found.login == "ops"
    assert found.play(here, Path("x.yml"), {"a": 1}).variables == {"a": 1}


def test_another_user_and_key_win_over_the_inventorys_and_root_needs_no_sudo(here: site.Site, tmp_path: Path) -> None:
    play = Way(here.host("web"), "root", tmp_path / "key", "canary-pass").play(here, Path("x.yml"), {}, check=True)
    assert play.variables == {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(tmp_path / "key"),
        "holdfast_become": False,
    }
    assert (play.hosts, play.check, play.password) == (["web"], True, "canary-pass")
    assert "canary-pass" not in repr(play)
    assert "canary-pass" not in repr(Way(here.host("web"), password="canary-pass"))


def test_a_host_whose_key_is_unknown_is_not_touched(here: site.Site) -> None:
    with pytest.raises(RefusedError, match="key of web is not in the site's known_hosts") as refused:
        way.require_trusted(here, here.host("web"))
    assert refused.value.hint == "holdfast inventory host trust web"
    (here.root / "known_hosts").write_text(f"10.0.0.1 {KEY}\n")
    way.require_trusted(here, here.host("web"))
    with pytest.raises(UsageError, match="reached over local"):
        way.require_trusted(here, here.host("here"))
