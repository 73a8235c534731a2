"""What a database is besides its rows, as statements; a real server is asked in `tests/backup/test_reviving.py`."""

from __future__ import annotations

from backup.onhost import postgresql


def test_limit_comment_settings_and_rights_become_statements_that_are_quoted() -> None:
    given = {
        "limit": 7,
        "comment": "the clerk's",
        "settings": [[None, 'search_path="$user", public'], ['cl"erk', "work_mem=1' or"], [None, "search_path="]],
        "rights": [[None, "TEMPORARY", False], ["clerk", "CONNECT", True]],
    }
    assert postgresql.properties("land", given) == [
        'alter database "land" connection limit 7',
        "comment on database \"land\" is 'the clerk''s'",
        "alter database \"land\" set \"search_path\" to '$user', 'public'",
        'alter role "cl""erk" in database "land" set "work_mem" to \'1\'\' or\'',
        'alter database "land" set "search_path" to \'\'',
        'revoke all on database "land" from public',
        'grant TEMPORARY on database "land" to public',
        'grant CONNECT on database "land" to "clerk" with grant option',
    ]
    assert postgresql.properties("land", {}) == []


def test_a_database_has_a_name_of_its_own_until_it_was_compared_however_long_its_name_is() -> None:
    assert postgresql.beside("land", "abcd1234") == "land_holdfast_abcd1234"
    long = postgresql.beside("x" * 63, "abcd1234")
    assert (len(long), long[-17:]) == (63, "holdfast_abcd1234")
