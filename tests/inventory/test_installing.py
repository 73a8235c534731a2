"""What can be seen without being root of a control host; the rest is in tests/control."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from inventory import installing
from inventory.errors import HoldfastError, RefusedError
from inventory.installation import File, Folder, Step, Wanted


def test_no_record_is_no_installation_and_a_broken_one_stops_everything(tmp_path: Path) -> None:
    assert installing.written(tmp_path / "none.json") is None
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(HoldfastError):
        installing.written(tmp_path / "bad.json")


def test_what_is_made_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text(json.dumps({"site_id": "try-1", "state": "/s", "made": {"/etc/x": "00"}}))
    installing.rewrite({"/etc/y": "11"}, file)
    found = installing.written(file)
    assert found is not None
    assert (found.site_id, found.made) == ("try-1", {"/etc/y": "11"})


def test_a_thing_is_seen_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    kinds = {}
    for name in ("file", "link", "none", "."):
        seen = installing.look(File(tmp_path / name, "", 0))
        kinds[name] = seen.kind if seen else None
    assert kinds == {"file": "file", "link": "other", "none": None, ".": "folder"}


def test_what_others_can_change_is_told_from_what_they_cannot(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root owns what only root can change")
    (tmp_path / "mine").write_text("x")
    (tmp_path / "open").write_text("x")
    (tmp_path / "open").chmod(0o664)
    (tmp_path / "theirs").write_text("x")
    os.chown(tmp_path / "theirs", 1, 1)
    found = {name: installing.others_can_change(tmp_path / name) for name in ("mine", "open", "theirs")}
    assert found == {"mine": False, "open": True, "theirs": True}
    assert not installing.others_can_change(Path("/tmp")), "its sticky bit protects what lies in it"


def test_a_plan_with_a_refusal_is_not_carried_out(tmp_path: Path) -> None:
    step = Step(Folder(tmp_path / "new", "root", 0o700), "", "", "make")
    refused = Step(File(tmp_path / "x", "", 0o600), "", "", "refuse", "it is not ours")
    wanted = Wanted(tmp_path, "try-1", (), (), Path("/python"))
    with pytest.raises(RefusedError, match="it is not ours"):
        installing.carry_out(wanted, [step, refused])
    assert not (tmp_path / "new").exists()
