"""The program on a host: one order from its input, done; the answer, or the error, is the last line it writes."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from backup import errors
from backup.onhost import STATE, databases, dumping, landing, order, room, sqlite, survey
from backup.onhost.databases import Database
from backup.onhost.order import Json
from backup.onhost.psql import Session
from inventory.errors import HoldfastError

_SEEN = "seen.json"
_EXCLUDE = "exclude"

Say = Callable[[Json], None]


def main(arguments: Sequence[str]) -> int:
    """Serve one order; returns 0 when it was done, 1 when it was not (the last line says why)."""
    os.umask(0o077)
    try:
        words = list(arguments)
        if words == ["--version"]:
            print(_own_digest())  # noqa: T201  (what a host answers)
        elif words[:1] == ["dump"]:
            _write_dump(words[1:])
        elif words[:1] == ["load"]:
            _say({"answer": _load(json.load(sys.stdin), int(words[1]), words[2:])})
        else:
            _say({"answer": serve(json.load(sys.stdin), _say)})
    except HoldfastError as error:
        if list(arguments)[:1] == ["dump"]:  # its output is the dump
            print(f"{error.message}", file=sys.stderr)  # noqa: T201  (restic hands it on)
        else:
            _say({"error": order.from_error(error)})
        return 1
    return 0


def _write_dump(words: Sequence[str]) -> None:
    """Dump the roles, or a database: its name, and the canary query (may be empty)."""
    if words:
        dumping.dump(*words)
    else:
        dumping.dump_roles()


def _load(asked: Json, roles: int, words: Sequence[str]) -> Json:
    """Load a database; the first `roles` of the words call restic for the roles, the others for the dump."""
    return databases.load(Database(**asked["database"]), words[:roles], words[roles:])


def serve(asked: Json, say: Say) -> Json:
    """Do what an order says and return the answer.

    Raises:
        HoldfastError: it could not be done.
    """
    if asked["digest"] != _own_digest():
        return {"version": _own_digest()}
    return carry_out(asked, say)


def carry_out(asked: Json, say: Say) -> Json:
    """Do what an order of this version says.

    Raises:
        HoldfastError: it could not be done.
    """
    with errors.naming(f"the data or {STATE}"):
        return _ORDERS[asked["do"]](asked, say)


def _present(asked: Json, _: Say) -> Json:
    """Look whether what is to be copied is there, without reading it."""
    host, root = asked["host"], asked["root"]
    gone = [f"{host}:{path} is missing" for path in asked["paths"] if not landing.real(root, path).exists()]
    for name in asked["databases"]:
        try:
            with Session(name) as session:
                session.ask("select 1")
        except errors.SourceError as error:
            gone.append(f"{host}: {error.message}")
    return {"problems": gone}


def _survey(asked: Json, say: Say) -> Json:
    wanted = order.to_wanted(asked["wanted"])
    staging = _ours(wanted.staging)
    survey.clear(staging.parent)
    staging.mkdir(parents=True, mode=0o700)
    found = survey.survey(wanted, lambda text, share: say({"tell": [text, share]}))
    seen = [[*name, str(found.where[name]), list(signature)] for name, signature in found.seen.items()]
    (staging.parent / _SEEN).write_text(json.dumps(seen))
    exclude = staging.parent / _EXCLUDE
    exclude.write_text(survey.exclusions(found), errors="surrogateescape")
    for piece in order.pieces(found.entries):
        say({"entries": piece})
    return {**order.from_found(found), "exclude": str(exclude)}


def _changed(asked: Json, _: Say) -> Json:
    content = json.loads((_ours(asked["staging"]).parent / _SEEN).read_text())
    where = {(host, path): Path(there) for host, path, there, _ in content}
    seen = {(host, path): tuple(signature) for host, path, _, signature in content}
    return {"changed": sorted(survey.changed(where, seen))}


def _clear(asked: Json, _: Say) -> Json:
    survey.clear(_ours(asked["staging"]).parent)
    return {}


def _look(asked: Json, _: Say) -> Json:
    document = order.to_document(asked["document"])
    return {"waiting": landing.look(_places(asked), document, owners=True, overwrite=asked["overwrite"])}


def _make_ready(asked: Json, _: Say) -> Json:
    places, document = _places(asked), order.to_document(asked["document"])
    with room.giving_up(places):
        return {"runs": room.make_ready(places, document)}


def _begin(asked: Json, _: Say) -> Json:
    places = _places(asked)
    with room.giving_up(places):
        return {"run": landing.begin(places[asked["index"]], anew=True)}


def _compare(asked: Json, _: Say) -> Json:
    return asdict(landing.judge(_places(asked)[0], order.to_document(asked["document"]), owners=True))


def _put(asked: Json, _: Say) -> Json:
    places = _places(asked)
    with room.giving_up(places):
        landing.put_all_in_place(places)
    return {}


def _give_up(asked: Json, _: Say) -> Json:
    with room.giving_up(_places(asked)):
        raise OSError(asked["errno"], os.strerror(asked["errno"]), asked["file"])


def _databases_look(asked: Json, _: Say) -> Json:
    """Return which databases are not in place; refuse if something is in the way of these, or there is no room."""
    found = _databases(asked)
    waiting = [index for index, one in enumerate(found) if not databases.is_in_place(one)]
    if waiting:
        databases.make_ready([found[index] for index in waiting], overwrite=asked["overwrite"])
    return {"waiting": waiting}


def _databases_put(asked: Json, _: Say) -> Json:
    databases.put(_databases(asked))
    return {"newest": databases.newest(asked["sql"], asked["query"]) if asked["query"] else None}


def _newest(asked: Json, _: Say) -> Json:
    if asked["sql"].startswith("/"):
        database = landing.real(asked["root"], asked["sql"])
        return {"newest": sqlite.newest(database, asked["query"]) if database.is_file() else None}
    return {"newest": databases.newest(asked["sql"], asked["query"])}


def _databases(asked: Json) -> list[Database]:
    return [Database(**one) for one in asked["databases"]]


def _ours(staging: str) -> Path:
    """Return a folder for staged data, which is removed with what is beside it: only ever below our own."""
    path = Path(staging)
    if path.parent.parent != Path(STATE) or ".." in path.parts:
        raise HoldfastError(f"{staging} is no folder for staged data")
    return path


def _places(asked: Json) -> list[landing.Place]:
    return [order.to_place(place) for place in asked["places"]]


def _own_digest() -> str:
    return hashlib.sha256(Path(sys.argv[0]).read_bytes()).hexdigest()


def _say(content: Json) -> None:
    sys.stdout.write(json.dumps(content, separators=(",", ":")) + "\n")
    sys.stdout.flush()


_ORDERS: dict[str, Callable[[Json, Say], Json]] = {
    "present": _present,
    "survey": _survey,
    "changed": _changed,
    "clear": _clear,
    "look": _look,
    "make ready": _make_ready,
    "begin": _begin,
    "compare": _compare,
    "put": _put,
    "give up": _give_up,
    "databases look": _databases_look,
    "databases put": _databases_put,
    "newest": _newest,
}
