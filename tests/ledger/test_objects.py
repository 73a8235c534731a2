from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import LedgerError
from ledger.objects import ObjectDamagedError, Objects


@given(st.binary(max_size=1000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_put_comes_back_under_its_hash(state: Path, content: bytes) -> None:
    objects = Objects(state)
    name = objects.put(content)
    assert name == hashlib.sha256(content).hexdigest()
    assert objects.get(name) == content


def test_an_object_is_private_and_lies_under_its_hash(state: Path) -> None:
    name = Objects(state).put(b"evidence")
    file = state / "objects" / name[:2] / name[2:]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in file.parent.iterdir()] == [name[2:]]


def test_the_same_content_is_kept_once(state: Path) -> None:
    objects = Objects(state)
    name = objects.put(b"x")
    before = objects.path(name).stat().st_ino
    assert objects.put(b"x") == name
    assert objects.path(name).stat().st_ino == before


def test_a_changed_object_is_named_and_mended_by_putting_it_again(state: Path) -> None:
    objects = Objects(state)
    name = objects.put(b"evidence")
    objects.path(name).write_bytes(b"forged")
    with pytest.raises(ObjectDamagedError, match="was changed"):
        objects.get(name)
    objects.put(b"evidence")
    assert objects.get(name) == b"evidence"


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "a" * 63, "a" * 64 + "\n"])
def test_a_name_that_is_no_hash_is_refused(state: Path, name: str) -> None:
    with pytest.raises(LedgerError, match="is not the name of an object"):
        Objects(state).get(name)


def test_a_missing_object_and_an_unwritable_place_are_told(state: Path) -> None:
    with pytest.raises(LedgerError, match="there is no object"):
        Objects(state).get("a" * 64)
    (state / "objects").write_text("in the way")
    with pytest.raises(LedgerError, match="could not be written") as caught:
        Objects(state).put(b"x")
    assert caught.value.hint
