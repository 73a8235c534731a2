from __future__ import annotations

import ast
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from inventory.onhost import sqlite_query

SOURCE = Path(sqlite_query.__file__).read_text(encoding="utf-8")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "x y%.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table dossier (at text, n integer)")
        connection.execute("insert into dossier values ('2026-11-23T03:10:00Z', 7)")
        connection.commit()
    return file


def ask(file: Path, query: str, seconds: float = 5) -> dict[str, Any]:
    asked = json.dumps({"file": str(file), "query": query, "seconds": seconds})
    argv = [sys.executable, "-I", "-c", SOURCE]
    done = subprocess.run(argv, input=asked, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_is_a_program_that_the_oldest_python_of_hosts_can_read() -> None:
    ast.parse(SOURCE, feature_version=(3, 9))


def test_the_first_value_comes_back_with_its_kind(database: Path) -> None:
    assert ask(database, "select n, at from dossier") == {"value": 7}
    assert ask(database, "select at from dossier") == {"value": "2026-11-23T03:10:00Z"}
    assert ask(database, "select null") == {"value": None}
    assert ask(database, "select 1 where 0") == {"value": None}


def test_what_cannot_be_answered_is_said(database: Path, tmp_path: Path) -> None:
    assert ask(database, "select * from ghost") == {"error": "no such table: ghost"}
    assert "readonly" in ask(database, "delete from dossier")["error"]
    assert ask(tmp_path / "gone.db", "select 1") == {"error": "No such file or directory"}
    assert not (tmp_path / "gone.db").exists()
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
    assert ask(database, endless, 0.2) == {"late": True}


def test_the_same_is_true_without_a_process(database: Path) -> None:
    assert sqlite_query.query(str(database), "select n from dossier", 5) == 7
    with pytest.raises(sqlite3.OperationalError):
        sqlite_query.query(str(database), "select * from ghost", 5)
