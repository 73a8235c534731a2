from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from inventory import served
from inventory.errors import RefusedError
from inventory.people import Actor, Person
from inventory.rights import Right
from inventory.served import Installation

LAN = Actor("lan", Person(name="Lan", login="lan", roles=["operator"]))
KNOWN = (Right("report", ("operator",), ("--to",), ("--to",)),)


@pytest.fixture
def found(tmp_path: Path) -> Installation:
    for name in ("var/try-1/keys", "site", "out"):
        (tmp_path / name).mkdir(parents=True)
    return Installation(tmp_path / "site", "holdfast", tmp_path / "var/try-1")


def record(file: Path, **content: object) -> Path:
    whole = {"site": "/etc/holdfast/site", "user": "holdfast", "state": "/var/lib/holdfast/try-1"} | content
    file.write_text(json.dumps(whole))
    file.chmod(0o644)
    return file


def test_the_record_of_root_is_believed(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can write a file of root's")
    read = served.installation(record(tmp_path / "r.json"))
    assert read == Installation(Path("/etc/holdfast/site"), "holdfast", Path("/var/lib/holdfast/try-1"))


def test_a_record_that_others_could_have_written_is_not(tmp_path: Path) -> None:
    file = record(tmp_path / "r.json")
    file.chmod(0o666)
    assert served.installation(file) is None
    file.chmod(0o644)
    if os.geteuid() == 0:
        os.chown(file, 1, 1)
    assert served.installation(file) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"site": 1'])
def test_a_record_that_says_nothing_is_no_installation(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    assert served.installation(tmp_path / "r.json") is None
    assert served.installation(tmp_path / "none.json") is None


def test_an_ordinary_process_is_not_the_service(found: Installation) -> None:
    assert not served.is_service(None)
    assert not served.is_service(found), "this is not the user holdfast"
    assert not served.is_service(Installation(found.site, "root", found.state)), "root is never the service"


def test_the_callers_settings_are_forgotten_and_the_rest_kept() -> None:
    environment = {"HOLDFAST_SITE": "x", "PYTHONPATH": "x", "HOME": "/h", "TERM": "t", "SUDO_USER": "lan"}
    served.forget_callers_settings(environment)
    assert environment == {"HOME": "/h", "TERM": "t", "SUDO_USER": "lan"}


def test_a_command_of_ones_role_passes_and_another_is_refused(found: Installation) -> None:
    served.permit(LAN, ["report"], found, KNOWN)
    for actor in (Actor("tung", None), Actor("lan", LAN.person, "Lan acted until yesterday")):
        with pytest.raises(RefusedError):
            served.permit(actor, ["report"], found, KNOWN)
    with pytest.raises(RefusedError):
        served.permit(LAN, ["setup"], found, KNOWN)


@pytest.mark.parametrize("place", ["var/try-1/x", "var/try-1", "var/x", "site/people.yml", "out/../var/try-1/x", "."])
def test_no_place_of_holdfasts_own_is_written_to(found: Installation, tmp_path: Path, place: str) -> None:
    with pytest.raises(RefusedError):
        served.permit(LAN, ["report", "--to", str(tmp_path / place)], found, KNOWN)


def test_a_file_that_is_there_is_not_written_over_for_it_may_be_anothers(found: Installation, tmp_path: Path) -> None:
    (tmp_path / "out/checkpoint.json").write_text("of somebody else")
    with pytest.raises(RefusedError, match="is there already"):
        served.permit(LAN, ["report", "--to", str(tmp_path / "out/checkpoint.json")], found, KNOWN)


def test_a_place_outside_is_written_to(found: Installation, tmp_path: Path) -> None:
    served.require_harmless(tmp_path / "out/report.html", found)


def test_a_link_is_not_followed_and_a_turnable_way_not_trusted(found: Installation, tmp_path: Path) -> None:
    (tmp_path / "out/link").symlink_to(tmp_path / "site/people.yml")
    (tmp_path / "out/dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    for place in ("out/link", "out/dangling", "open/x"):
        with pytest.raises(RefusedError):
            served.require_harmless(tmp_path / place, found)
