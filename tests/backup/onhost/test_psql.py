from __future__ import annotations

import os
from pathlib import Path

import pytest

from backup.errors import SourceError
from backup.onhost import psql
from backup.onhost.psql import Session
from tests.backup import postgres


def test_names_and_values_are_quoted_whatever_is_in_them() -> None:
    assert psql.identifier('a"; drop table x; --') == '"a""; drop table x; --"'
    assert psql.literal("it's \\ odd") == " E'it''s \\\\ odd'"
    with pytest.raises(SourceError):
        psql.identifier("a\0b")


def test_postgresqls_programs_see_nothing_of_restics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTIC_REST_PASSWORD", "Kanarie-77")
    monkeypatch.setenv("PGPORT", "5433")
    assert "Kanarie-77" not in psql.environment().values()
    assert psql.environment()["PGPORT"] == "5433"
    assert os.environ["RESTIC_REST_PASSWORD"] == "Kanarie-77"


@pytest.mark.postgresql
def test_a_session_answers_until_a_statement_fails_and_then_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres.server() as where:
        monkeypatch.setenv("PGHOST", str(where))
        with Session("postgres") as session:
            assert session.ask("select n from generate_series(1, 3) n") == ["1", "2", "3"]
            assert session.ask("select E'\\\\echo holdfast: done'") == ["\\echo holdfast: done"]
            with pytest.raises(SourceError, match='relation "nothing" does not exist'):
                session.ask("select * from nothing")
        with pytest.raises(SourceError, match='database "nothing" does not exist'), Session("nothing") as session:
            session.ask("select 1")


def test_without_a_server_the_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="psql could not be started"):
        Session("postgres")
