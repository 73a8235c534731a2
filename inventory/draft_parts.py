"""How people write the parts of a new system in one line each: hosts, data, copies, logs, tests of its own. Pure.

Every function returns what the inventory file will hold (plain data) and raises ValueError with a sentence for people;
whether names exist is the site's loader's business.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

LOCAL = "local"

DATA_FORMS = "postgresql:NAME@HOST, sqlite:/PATH@HOST, or files:/PATH,/PATH@HOST"
COPY_FORMS = "vault:NAME=EVERY or media:NAME=EVERY"
LOG_FORMS = "journald:UNIT@HOST or file:/PATH@HOST"
NORMAL_FORMS = "https://ADDRESS/PATH, port:NUMBER@HOST, command:WORDS@HOST, or sql:DATABASE:QUERY@HOST"


def host(text: str, user: str = "") -> tuple[str, dict[str, Any]]:
    """Read `NAME`, `NAME=ADDRESS` or `NAME=local`; return the name and how Ansible reaches it.

    A bare name is a host that is written elsewhere, or that its own name reaches.
    """
    name, equals, address = text.strip().partition("=")
    if not name or (equals and not address):
        raise ValueError(f"{text!r} is not NAME or NAME=ADDRESS")
    if not equals:
        return name, {}
    if address == LOCAL:
        return name, {"ansible_connection": LOCAL}
    return name, {"ansible_host": address} | ({"ansible_user": user} if user else {})


def data(text: str, hosts: Sequence[str]) -> dict[str, Any]:
    """Read one source of data: `postgresql:NAME@HOST`, `sqlite:/PATH@HOST`, `files:/PATH,/PATH@HOST`.

    `@HOST` may be left out where there is only one; a bare path is files.
    """
    kind, rest = ("files", text.strip()) if text.strip().startswith("/") else _kind(text, DATA_FORMS)
    what, where = _at(rest, hosts, text)
    match kind:
        case "files":
            return {"files": [path.strip() for path in what.split(",") if path.strip()], "host": where}
        case "sqlite" | "postgresql":
            return {kind: what, "host": where}
    raise ValueError(f"{text!r} is no data; write {DATA_FORMS}")


def copy(text: str, rpo: str) -> dict[str, Any]:
    """Read one copy: `vault:NAME=EVERY` (else as often as work may be lost) or `media:NAME=EVERY` (else weekly)."""
    kind, rest = _kind(text, COPY_FORMS)
    name, _, every = rest.partition("=")
    if kind not in ("vault", "media"):
        raise ValueError(f"{text!r} is no copy; write {COPY_FORMS}")
    return {kind: name, "every": every or (rpo if kind == "vault" else "7d")}


def log(text: str, hosts: Sequence[str]) -> dict[str, Any]:
    """Read one log: `journald:UNIT@HOST` or `file:/PATH@HOST`; a bare path is a file."""
    kind, rest = ("file", text.strip()) if text.strip().startswith("/") else _kind(text, LOG_FORMS)
    what, where = _at(rest, hosts, text)
    if kind not in ("journald", "file"):
        raise ValueError(f"{text!r} is no log; write {LOG_FORMS}")
    return {"host": where, kind: what}


def normal(text: str, hosts: Sequence[str]) -> dict[str, Any]:
    """Read one test of a system's own: an address, `port:`, `command:` or `sql:DATABASE:QUERY`."""
    if text.strip().startswith(("http://", "https://")):
        return {"http": text.strip()}
    kind, rest = _kind(text, NORMAL_FORMS)
    what, where = _at(rest, hosts, text)
    match kind:
        case "port":
            if not what.isdecimal():
                raise ValueError(f"{what!r} is no port; write port:443@HOST")
            return {"port": int(what), "host": where}
        case "command":
            return {"command": shlex.split(what), "host": where}
        case "sql":
            database, colon, query = what.partition(":")
            if not (database and colon and query.strip()):
                raise ValueError(f"{text!r} has no query; write sql:DATABASE:QUERY@HOST")
            return {"sql": database, "host": where, "query": query.strip()}
    raise ValueError(f"{text!r} is no test; write {NORMAL_FORMS}")


def _kind(text: str, forms: str) -> tuple[str, str]:
    kind, colon, rest = text.strip().partition(":")
    if not (colon and rest):
        raise ValueError(f"{text!r} cannot be read; write {forms}")
    return kind, rest


def _at(text: str, hosts: Sequence[str], whole: str) -> tuple[str, str]:
    """Split `WHAT@HOST`; an @ that no host follows belongs to WHAT."""
    what, at, where = text.rpartition("@")
    if at and what and where in hosts:
        return what.strip(), where
    if len(hosts) == 1:
        return text.strip(), hosts[0]
    raise ValueError(f"{whole!r} does not say on which host; end it with @HOST ({', '.join(hosts) or 'it has none'})")
