"""Databases of a PostgreSQL server: what is in them, making them beside, renaming them into place."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from backup.errors import SourceError, TargetInUseError
from backup.onhost.psql import Session, identifier, literal

_LONGEST = 63
_LEAVE_SECONDS = 3.0
_COUNTED = """
select json_build_array(n.nspname || '.' || c.relname, format('%I.%I', n.nspname, c.relname))
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
and not exists (select from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by n.nspname, c.relname
"""
_ABOUT = """
select json_build_object('owner', pg_catalog.pg_get_userbyid(d.datdba), 'encoding',
  pg_catalog.pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'ctype', d.datctype, 'limit', d.datconnlimit,
  'size', pg_catalog.pg_database_size(d.oid),
  'comment', pg_catalog.shobj_description(d.oid, 'pg_database'), 'provider', to_jsonb(d)->>'datlocprovider',
  'locale', coalesce(to_jsonb(d)->>'datlocale', to_jsonb(d)->>'daticulocale'),
  'settings', (select json_agg(json_build_array(r.rolname, one)) from pg_catalog.pg_db_role_setting s
    left join pg_catalog.pg_roles r on r.oid = s.setrole, unnest(s.setconfig) one where s.setdatabase = d.oid),
  'rights', (select json_agg(json_build_array(r.rolname, a.privilege_type, a.is_grantable))
    from pg_catalog.aclexplode(d.datacl) a left join pg_catalog.pg_roles r on r.oid = a.grantee))
from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()
"""
_OBJECTS = """
select (select count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema')
  + (select count(*) from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema')
  + (select count(*) from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema')
  + (select count(*) from pg_catalog.pg_namespace n
    where n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'public'))
  + (select count(*) from pg_catalog.pg_largeobject_metadata)
  + (select count(*) from pg_catalog.pg_extension where extname <> 'plpgsql')
"""
_LISTS = ("search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries")
"""Settings whose value is a list of names, which is not one text."""
_ITEM = re.compile(r'"(?:[^"]|"")*"|[^,\s"]+')


def row_counts(session: Session) -> dict[str, int]:
    """Return the rows of every table of the session's database, and how many large objects it has."""
    counts: dict[str, int] = {}
    for line in session.ask(_COUNTED):
        name, quoted = json.loads(line)
        counts[name] = int(session.ask(f"select count(*) from only {quoted}")[0])
    if large := int(session.ask("select count(*) from pg_catalog.pg_largeobject_metadata")[0]):
        counts["(large objects)"] = large
    return counts


def newest(session: Session, query: str) -> str | None:
    """Return what a canary query answers with, as text (None: no answer)."""
    one = query.strip().rstrip(";")
    if "\\" in one:
        raise SourceError("a canary query cannot have a backslash: psql takes what follows for a command of its own")
    lines = session.ask(f"select row_to_json(holdfast) from (\n{one}\n) as holdfast limit 1")
    values = list(json.loads(lines[0]).values()) if lines else []
    return None if not values or values[0] is None else str(values[0])


def about(session: Session) -> dict[str, Any]:
    """Return what a database is besides its content: owner, encoding, settings, rights."""
    found: dict[str, Any] = json.loads(session.ask(_ABOUT)[0])
    return found


def is_there(session: Session, name: str) -> bool:
    """Tell whether the server has a database."""
    return bool(session.ask(f"select 1 from pg_catalog.pg_database where datname = {literal(name)}"))


def number(session: Session, name: str) -> int:
    """Return a database's number (oid): it keeps it when it is renamed, and no other ever has it. 0: no such one."""
    lines = session.ask(f"select oid from pg_catalog.pg_database where datname = {literal(name)}")
    return int(lines[0]) if lines else 0


def bytes_of(session: Session, name: str) -> int:
    """Return how much disk a database takes; 0: there is none of this name."""
    where = f"where datname = {literal(name)}"
    lines = session.ask(f"select pg_catalog.pg_database_size(oid) from pg_catalog.pg_database {where}")
    return int(lines[0]) if lines else 0


def is_empty(name: str) -> bool:
    """Tell whether nothing was ever made in a database."""
    with Session(name) as session:
        return session.ask(_OBJECTS) == ["0"]


def beside(name: str, mark: str) -> str:
    """Return the name a database has until it was compared."""
    return _shortened(name, f"_holdfast_{mark}")


def create(session: Session, name: str, given: Mapping[str, Any]) -> None:
    """Make an empty database like the one that was dumped; what was there under this name of ours is dropped."""
    drop(session, name)
    options = [f"encoding {literal(given['encoding'])}", f"lc_collate {literal(given['collate'])}"]
    options += [f"lc_ctype {literal(given['ctype'])}"]
    if given.get("owner"):
        options.append(f"owner {identifier(given['owner'])}")
    if given.get("provider") == "i" and given.get("locale"):
        options.append(f"locale_provider icu icu_locale {literal(given['locale'])}")
    elif given.get("provider") == "b" and given.get("locale"):
        options.append(f"locale_provider builtin builtin_locale {literal(given['locale'])}")
    session.ask(f"create database {identifier(name)} template template0 {' '.join(options)}")
    for statement in properties(name, given):
        session.ask(statement)


def drop(session: Session, name: str) -> None:
    """Remove a database of ours that was not put in place."""
    session.ask(f"drop database if exists {identifier(name)} with (force)")


def properties(name: str, given: Mapping[str, Any]) -> list[str]:
    """Return the statements that give a database its limit, comment, settings and rights. Pure."""
    database = identifier(name)
    found = [f"alter database {database} connection limit {int(given['limit'])}"] if given.get("limit") else []
    if given.get("comment"):
        found.append(f"comment on database {database} is {literal(given['comment'])}")
    for role, setting in given.get("settings") or ():
        key, _, value = setting.partition("=")
        where = f"role {identifier(role)} in database {database}" if role else f"database {database}"
        shown = ", ".join(map(literal, _items(value))) if key in _LISTS and value else literal(value)
        found.append(f"alter {where} set {identifier(key)} to {shown}")
    if given.get("rights") is not None:
        found.append(f"revoke all on database {database} from public")
        for role, right, grantable in given["rights"]:
            more = " with grant option" if grantable else ""
            found.append(f"grant {right} on database {database} to {identifier(role) if role else 'public'}{more}")
    return found


def _items(value: str) -> list[str]:
    """Return the items of a setting that is a list."""
    return [item[1:-1].replace('""', '"') if item.startswith('"') else item for item in _ITEM.findall(value)]


def differences(name: str, shown: str, expected: Mapping[str, int]) -> list[str]:
    """Return how the rows of a database differ from what its manifest says; `shown` is what people call it."""
    with Session(name) as session:
        rows = row_counts(session)
    return [
        f"{shown}: table {table} has {rows.get(table, 'no')} rows, expected {expected.get(table, 'no')}"
        for table in sorted(rows.keys() | expected.keys())
        if rows.get(table) != expected.get(table)
    ]


def require_free(session: Session, names: Sequence[str], host: str, *, overwrite: bool) -> None:
    """Refuse before anything is written if a database that is not empty would be replaced.

    Raises:
        TargetInUseError: it names them.
    """
    there = [name for name in names if is_there(session, name)]
    taken = [name for name in there if not is_empty(name)]
    if taken and not overwrite:
        raise TargetInUseError(
            f"there are databases with data already on {host}: {', '.join(taken)}",
            hint="restore to an empty server, or rename them; a database is never overwritten",
        )
    busy = [name for name in there if _is_busy(session, name)]
    if busy:
        raise TargetInUseError(
            f"somebody is connected to {', '.join(busy)} on {host}",
            hint="stop the programs that use it, then run the command again",
        )


def put(session: Session, new: str, name: str) -> None:
    """Rename a database to where it belongs; an empty one there is dropped, any other renamed aside.

    Raises:
        SourceError: the server says no, for instance because somebody is connected.
    """
    if is_there(session, name):
        if is_empty(name):
            session.ask(f"drop database {identifier(name)}")
        else:
            session.ask(f"alter database {identifier(name)} rename to {identifier(_aside(session, name))}")
    session.ask(f"alter database {identifier(new)} rename to {identifier(name)}")


def _aside(session: Session, name: str) -> str:
    """Return a free name for a database that has to give way."""
    for one in range(1, 1000):
        if not is_there(session, wanted := _shortened(name, f"_holdfast_replaced_{one}")):
            return wanted
    raise SourceError(f"{name} was replaced a thousand times", hint="drop those that nobody needs")


def _is_busy(session: Session, name: str) -> bool:
    """Tell whether programs are connected to a database; one that has just left is given time to be gone."""
    asked = (
        f"select 1 from pg_catalog.pg_stat_activity where datname = {literal(name)} and usesysid is not null limit 1"
    )
    until = time.monotonic() + _LEAVE_SECONDS
    while session.ask(asked):
        if time.monotonic() > until:
            return True
        time.sleep(0.1)
    return False


def _shortened(name: str, ending: str) -> str:
    return name.encode()[: _LONGEST - len(ending)].decode(errors="ignore") + ending
