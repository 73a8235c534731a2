from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from inventory.system import (
    FilesSource,
    Host,
    LevelDecision,
    MediaCopy,
    PortCheck,
    SqlCheck,
    SqliteSource,
    System,
    VaultCopy,
)


def test_the_defaults_are_the_mission() -> None:
    system = System(name="X")
    assert (system.rto, system.rpo, system.level) == (timedelta(hours=24), timedelta(hours=24), 1)


def test_a_longer_target_needs_a_reason_and_somebody_who_approves_it() -> None:
    with pytest.raises(ValidationError, match="rto_reason"):
        System(name="X", rto=timedelta(hours=72), rto_reason="sensors only")
    assert System(name="X", rto=timedelta(hours=72), rto_reason="sensors only", rto_approver="head").rto.days == 3


def test_members_of_unions_are_told_by_their_key_and_can_be_given_as_values() -> None:
    system = System.model_validate(
        {
            "name": "X",
            "data": [{"files": ["/srv/"], "host": "h"}, SqliteSource(sqlite="/x.db", host="h")],
            "copies": [{"vault": "main", "every": "6h"}, {"media": "weekly", "every": "7d"}],
            "normal_when": [PortCheck(port=80, host="h")],
        }
    )
    assert system.data == [FilesSource(files=["/srv"], host="h"), SqliteSource(sqlite="/x.db", host="h")]
    assert [type(copy) for copy in system.copies] == [VaultCopy, MediaCopy]


def test_a_system_survives_the_round_trip_through_json() -> None:
    system = System.model_validate(
        {"name": "X", "rto": "8h", "copies": [{"vault": "v", "every": "6h"}], "logs": [{"host": "h", "journald": "u"}]}
    )
    assert System.model_validate_json(system.model_dump_json()) == system


def test_nothing_of_a_system_can_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        System(name="X").name = "Y"  # type: ignore[misc]


@pytest.mark.parametrize("path", ["relative", "/a/../b", "", "../x"])
def test_a_path_must_be_absolute_and_must_not_climb(path: str) -> None:
    with pytest.raises(ValidationError):
        FilesSource(files=[path], host="h")


def test_a_host_that_is_a_directory_keeps_its_paths_inside() -> None:
    assert Host(name="h", root="/demo/h").path("/etc/passwd") == "/demo/h/etc/passwd"
    assert Host(name="h").path("/etc/passwd") == "/etc/passwd"


def test_a_query_goes_to_a_file_by_its_path_or_to_a_postgresql_database_by_its_name() -> None:
    for where in ("/srv/app.db", "apis", "land_2026"):
        assert SqlCheck(sql=where, host="h", query="select 1").sql == where
    for wrong in ("", "srv/app.db", "a b", "x;drop", "../x", "postgresql://h/x"):
        with pytest.raises(ValidationError, match="must be a PostgreSQL database's name"):
            SqlCheck(sql=wrong, host="h", query="select 1")


def test_a_day_is_written_one_way() -> None:
    decision = LevelDecision.model_validate({"number": "12/QĐ", "date": "2026-01-31", "by": "Province"})
    assert (decision.date.year, decision.date.month, decision.date.day) == (2026, 1, 31)
    with pytest.raises(ValidationError, match="write it like 2026-01-31"):
        LevelDecision.model_validate({"number": "12/QĐ", "date": "31/01/2026", "by": "Province"})
