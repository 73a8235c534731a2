from __future__ import annotations

import json
from pathlib import Path

from backup import errors
from backup.errors import SourceError
from backup.manifest import Entry, Source
from backup.onhost import order
from backup.onhost.landing import Place
from backup.onhost.survey import Found, Wanted
from inventory.errors import ExitCode

ENTRY = Entry("web-1", "/srv/caf\udce9", "file", 7, 0o640, 33, 33, 1_700_000_000_123_456_789, "ab" * 32)
SOURCE = Source("web-1", "sqlite", "/srv/a.db", "/staged/a.db", [("/srv", 0o751, 0, 0)], {"beat": 3}, "f00d")


def sent(content: object) -> dict[str, object]:
    """Return it as it is after the way over a connection."""
    return dict(json.loads(json.dumps(content)))


def test_what_is_asked_and_found_is_the_same_on_both_sides() -> None:
    wanted = Wanted("web-1", "/", [("/srv", ("*.tmp",))], ["/srv/a.db"], "/staged", ("/srv/a.db", "select 1"))
    assert order.to_wanted(sent(order.from_wanted(wanted))) == wanted
    pieces = json.loads(json.dumps(order.pieces([ENTRY] * 1001)))
    assert [len(piece) for piece in pieces] == [500, 500, 1]
    entries = [entry for piece in pieces for entry in order.entries_of(piece)]
    assert entries == [ENTRY] * 1001
    found = Found([SOURCE], entries, {}, {}, [Path("/srv/x.tmp")], ["/srv/y: no"], "2026-11-23T03:10:00Z")
    assert order.to_found(sent(order.from_found(found)), entries) == found


def test_where_things_go_is_the_same_on_both_sides() -> None:
    place = Place(SOURCE, "spare-1", "/", Path("/srv"), "abcd1234", "restore-one-1")
    assert order.to_place(sent(order.from_place(place))) == place


def test_an_error_keeps_its_kind_its_words_and_its_exit_code() -> None:
    said = sent(order.from_error(errors.TargetInUseError("there is data already at web-1:/srv", hint="move it")))
    back = order.to_error(said, "web-1")
    assert (type(back), back.message, back.hint) == (
        errors.TargetInUseError,
        "there is data already at web-1:/srv",
        "move it",
    )
    assert back.exit_code == ExitCode.REFUSED
    assert order.to_error(sent(order.from_error(SourceError("torn"))), "web-1").message == "web-1: torn"
    assert order.to_error({"kind": "naming", "message": "x", "hint": ""}, "web-1").exit_code == ExitCode.UNFINISHED
