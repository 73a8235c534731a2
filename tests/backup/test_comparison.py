from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from backup import comparison, manifest
from backup.manifest import Entry
from tests.backup.test_manifest import lists


def by_place(found: list[Entry]) -> dict[tuple[str, str], Entry]:
    return {(entry.host, entry.path): entry for entry in found}


@given(lists)
def test_the_same_things_do_not_differ(found: list[Entry]) -> None:
    result = comparison.compare(found, by_place(found), owners=True)
    assert (result.differences, result.notes, result.compared) == ((), (), len(found))


@given(lists.filter(bool), st.data())
def test_one_changed_thing_is_one_difference(found: list[Entry], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(found) - 1))
    field = data.draw(st.sampled_from(["size", "sha256", "uid", "link"]))
    was = getattr(found[index], field)
    there = list(found)
    there[index] = replace(found[index], **{field: was + 1 if isinstance(was, int) else was + "x"})
    result = comparison.compare(found, by_place(there), owners=True)
    assert len(result.differences) == 1
    assert field in result.differences[0]
    assert found[index].path in result.differences[0]


@given(lists, lists)
def test_what_is_missing_differs_and_what_is_extra_is_a_note(first: list[Entry], second: list[Entry]) -> None:
    wanted, there = by_place(first), by_place(second)
    result = comparison.compare(first, there, owners=False)
    missing = [line for line in result.differences if line.endswith(": missing")]
    assert len(missing) == len(wanted.keys() - there.keys())
    assert len(result.notes) == len(there.keys() - wanted.keys())


@given(lists)
def test_what_changed_while_it_was_read_is_said_and_not_compared(found: list[Entry]) -> None:
    result = comparison.compare([replace(entry, volatile=True) for entry in found], {}, owners=True)
    assert result.differences == ()
    assert len(result.notes) == len(found)


def test_without_root_owners_are_not_compared(tmp_path: Path) -> None:
    entry = manifest.describe("documents-1", "/srv", tmp_path)
    other = {("documents-1", "/srv"): replace(entry, uid=entry.uid + 1)}
    assert comparison.compare([entry], other, owners=False).differences == ()
    assert comparison.compare([entry], other, owners=True).differences != ()
