"""What goes between Holdfast and its program on a host: one order of JSON, lines of JSON back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

from backup import errors
from backup.comparison import Comparison
from backup.manifest import Entry, Manifest, Source
from backup.onhost.landing import Place
from backup.onhost.survey import Found, Wanted
from inventory.errors import HoldfastError

Json = dict[str, Any]
_MANY = 500


def from_wanted(wanted: Wanted) -> Json:
    """Write what is to be surveyed."""
    return asdict(wanted)


def to_wanted(said: Mapping[str, Any]) -> Wanted:
    """Read what `from_wanted` wrote."""
    canary = None if said["canary"] is None else (said["canary"][0], said["canary"][1])
    files = [(path, tuple(patterns)) for path, patterns in said["files"]]
    return Wanted(**{**said, "files": files, "canary": canary})


def from_found(found: Found) -> Json:
    """Write what a survey found, without what only its host needs and without the entries, which come in pieces."""
    return {
        "sources": [source.as_json() for source in found.sources],
        "skipped": [str(path) for path in found.skipped],
        "problems": list(found.problems),
        "canary": found.canary,
    }


def to_found(said: Mapping[str, Any], entries: Sequence[Entry]) -> Found:
    """Read what `from_found` wrote."""
    sources = [to_source(source) for source in said["sources"]]
    skipped = [Path(path) for path in said["skipped"]]
    return Found(sources, entries, {}, {}, skipped, [str(one) for one in said["problems"]], said["canary"])


def to_source(said: Mapping[str, Any]) -> Source:
    """Read a source as `Source.as_json` wrote it."""
    return Source(**{**said, "parents": [tuple(parent) for parent in said["parents"]]})


def pieces(entries: Sequence[Entry]) -> list[list[list[Any]]]:
    """Write entries, in pieces of a line each."""
    return [[list(astuple(entry)) for entry in entries[at : at + _MANY]] for at in range(0, len(entries), _MANY)]


def entries_of(piece: Sequence[Sequence[Any]]) -> list[Entry]:
    """Read one piece of entries."""
    found = [Entry(*values) for values in piece]
    if any(not isinstance(one.path, str) or not isinstance(one.size, int) or one.host == "" for one in found):
        raise ValueError("an entry of another shape")
    return found


def from_place(place: Place) -> Json:
    """Write where a source goes."""
    source = place.source.as_json()
    where = {"host": place.host, "root": place.root, "beside": str(place.beside)}
    return {"source": source, **where, "mark": place.mark, "run": place.run}


def to_place(said: Mapping[str, Any]) -> Place:
    """Read what `from_place` wrote."""
    return Place(**{**said, "source": to_source(said["source"]), "beside": Path(said["beside"])})


def from_document(document: Manifest, hosts: set[str]) -> Json:
    """Write what a manifest says of some hosts."""
    return {
        "sources": [source.as_json() for source in document.sources if source.host in hosts],
        "entries": [list(astuple(entry)) for entry in document.entries if entry.host in hosts],
    }


def to_document(said: Mapping[str, Any]) -> Manifest:
    """Read what `from_document` wrote."""
    sources = [to_source(source) for source in said["sources"]]
    return Manifest("", "", "", "", None, sources, entries_of(said["entries"]))


def to_comparison(said: Mapping[str, Any]) -> Comparison:
    """Read a comparison that was written with `asdict`."""
    return Comparison(int(said["compared"]), tuple(said["differences"]), tuple(said["notes"]))


def from_error(error: HoldfastError) -> Json:
    """Write an error."""
    return {"kind": type(error).__name__, "message": error.message, "hint": error.hint}


def to_error(said: Mapping[str, Any], host: str) -> HoldfastError:
    """Read an error that happened on a host; one of a kind nobody knows is a plain failure."""
    kind = vars(errors).get(str(said["kind"]))
    message = str(said["message"])
    named = message if host in message else f"{host}: {message}"
    if isinstance(kind, type) and issubclass(kind, HoldfastError):
        return kind(named, hint=str(said["hint"]))
    return HoldfastError(named, hint=str(said["hint"]))
