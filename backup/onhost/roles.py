"""A PostgreSQL server's roles as `pg_dumpall --globals-only` writes them: which of its statements are new. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

_NAME = r'("(?:[^"]|"")+"|[^\s;"]+)'
_PIECE = re.compile(r"""'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*"|--[^\n]*|;|[^'";-]+|-""", re.DOTALL)
_MADE = re.compile(rf"CREATE ROLE {_NAME}$", re.IGNORECASE)
_ABOUT = (
    re.compile(rf"ALTER ROLE {_NAME} (?:WITH|SET|RESET) ", re.IGNORECASE),
    re.compile(rf"COMMENT ON ROLE {_NAME} IS ", re.IGNORECASE),
    re.compile(rf"GRANT {_NAME} TO {_NAME}(?:\s|$)", re.IGNORECASE),
)
_GRANTED_BY = re.compile(rf"\s+GRANTED BY {_NAME}$", re.IGNORECASE)


def statements(text: str) -> Iterator[str]:
    """Yield each statement of a script without its semicolon; comments and psql's own commands are left out."""
    lines = "\n".join(line for line in text.split("\n") if not line.startswith("\\"))
    found: list[str] = []
    for piece in _PIECE.findall(lines):
        if piece == ";":
            if statement := "".join(found).strip():
                yield statement
            found = []
        elif not piece.startswith("--"):
            found.append(piece)


def missing(text: str, there: Set[str]) -> list[str]:
    """Return the statements that make the roles that are not there, and give them what they had.

    Roles that are there are left as they are; settings, tablespaces and rights of others are not touched. Who granted
    a membership is not kept: that role may be one that differs here.
    """
    scripted = list(statements(text))
    new = {_bare(found[1]) for one in scripted if (found := _MADE.match(one))} - there
    made = [one for one in scripted if (found := _MADE.match(one)) and _bare(found[1]) in new]
    rest = []
    for one in scripted:
        for pattern in _ABOUT:
            found = pattern.match(one)
            if found and _bare(found[found.re.groups]) in new:  # of a membership: who is given it
                rest.append(_GRANTED_BY.sub("", one))
    return made + rest


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
