from __future__ import annotations

from backup.onhost import roles

SCRIPT = r"""--
-- PostgreSQL database cluster dump
--
\restrict abc
SET default_transaction_read_only = off;
CREATE ROLE clerk;
ALTER ROLE clerk WITH NOSUPERUSER LOGIN PASSWORD 'SCRAM-SHA-256$4096:a;b''c--d';
COMMENT ON ROLE clerk IS 'writes; reads
on two lines';
CREATE ROLE "Chief ""of"" staff";
ALTER ROLE "Chief ""of"" staff" WITH NOLOGIN;
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER PASSWORD 'SCRAM-SHA-256$another';
ALTER ROLE postgres IN DATABASE land SET work_mem TO '64MB';
CREATE TABLESPACE fast OWNER postgres LOCATION '/fast';
GRANT "Chief ""of"" staff" TO clerk WITH ADMIN OPTION GRANTED BY postgres;
GRANT clerk TO postgres;
\unrestrict abc
"""


def test_only_what_makes_missing_roles_is_taken_and_nothing_changes_those_that_are_there() -> None:
    assert roles.missing(SCRIPT, {"postgres"}) == [
        "CREATE ROLE clerk",
        'CREATE ROLE "Chief ""of"" staff"',
        "ALTER ROLE clerk WITH NOSUPERUSER LOGIN PASSWORD 'SCRAM-SHA-256$4096:a;b''c--d'",
        "COMMENT ON ROLE clerk IS 'writes; reads\non two lines'",
        'ALTER ROLE "Chief ""of"" staff" WITH NOLOGIN',
        'GRANT "Chief ""of"" staff" TO clerk WITH ADMIN OPTION',
    ]
    assert roles.missing(SCRIPT, {"postgres", "clerk", 'Chief "of" staff'}) == []


def test_a_statement_ends_at_its_own_semicolon_and_comments_are_none() -> None:
    assert list(roles.statements("select ';' -- no; not here\n, \"a;b\";\n\n;select 2")) == ["select ';' \n, \"a;b\""]
