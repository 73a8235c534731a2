"""One value out of an SQLite file, here or on a host: Python 3.9 or newer, nothing but the standard library."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from contextlib import closing
from typing import Any
from urllib.parse import quote


def query(file: str, text: str, seconds: float) -> Any:
    """Return the first value of a query; the file is opened read-only, and nothing is made beside it.

    Raises:
        TimeoutError: it took longer than `seconds`.
        sqlite3.Error: SQLite cannot answer.
        OSError: the file cannot be read.
    """
    deadline = time.monotonic() + seconds
    uri = f"file:{quote(file)}?mode=ro" + ("&immutable=1" if _at_rest(file) else "")
    with closing(sqlite3.connect(uri, uri=True, timeout=seconds)) as database:
        database.execute("PRAGMA query_only=ON")
        database.set_progress_handler(lambda: int(time.monotonic() > deadline), 10_000)
        try:
            row = database.execute(text).fetchone()
        except sqlite3.OperationalError as error:
            if time.monotonic() > deadline:
                raise TimeoutError from error
            raise
    return None if row is None else row[0]


def _at_rest(file: str) -> bool:
    """Tell whether a database keeps a write-ahead log and nobody has it open.

    Even a reader would make the log's files then, as our user, and the service could not open them any more.
    """
    with open(file, "rb") as database:
        return database.read(20)[18:] == b"\2\2" and not os.path.exists(f"{file}-wal")


def main() -> None:
    """Answer one question: JSON on the input, JSON on the output."""
    asked = json.load(sys.stdin)
    try:
        answer = {"value": query(asked["file"], asked["query"], asked["seconds"])}
    except TimeoutError:
        answer = {"late": True}
    except (sqlite3.Error, OSError) as error:
        answer = {"error": getattr(error, "strerror", None) or str(error)}
    json.dump(answer, sys.stdout, default=str)


if __name__ == "__main__":
    main()
