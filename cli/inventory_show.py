"""`holdfast inventory show`: everything the site says about one system, in the order a reader asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import completion, output
from cli.context import JsonOption, current
from inventory.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inventory.site import Site
    from inventory.system import DataSource, LogSource, System

Lines = list[tuple[str, str]]
_NONE = "none named"


def show(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="The system's key.", autocompletion=completion.systems)],
    json: JsonOption = False,
) -> ExitCode:
    """Show everything the site says about one system: hosts, data, copies, targets, what it needs and what needs it.

    Example: holdfast inventory show sso
    """
    site = current(context).site
    system = site.system(key)
    if json:
        more = {
            "needed_by": _needed_by(site, key),
            "addresses": {host: site.hosts[host].address for host in site.members.get(key, ())},
        }
        unsaid = {"level", "rto", "rpo"} if system.external else set()
        output.document(site.summary(key) | system.model_dump(mode="json", exclude=unsaid) | more)
        return ExitCode.DONE
    output.line(f"{key}: {system.name}")
    if system.name_local:
        output.line(f"{' ' * len(key)}  {system.name_local}")
    for title, lines in _parts(site, key, system):
        output.line()
        output.line(title)
        for word, text in lines:
            output.line(f"  {word:<15} {text}" if word or title == "recovery" else f"  {text}")
    return ExitCode.DONE


def _needed_by(site: Site, key: str) -> list[str]:
    return [other for other, system in site.systems.items() if key in system.depends_on]


def _parts(site: Site, key: str, system: System) -> Iterator[tuple[str, Lines]]:
    yield "what it is", _identity(system)
    yield "order of recovery", _order(site, key, system)
    if system.external:
        return
    yield "hosts", [(host, _reached(site, host)) for host in site.members.get(key, ())] or [("", _NONE)]
    yield "data", [("", _source(source)) for source in system.data] or [("", _NONE)]
    yield "copies", [("", _copy(copy)) for copy in system.copies] or [("", _NONE)]
    yield "logs", [("", _log(log)) for log in system.logs] or [("", _NONE)]
    yield "recovery", _recovery(system)


def _identity(system: System) -> Lines:
    from inventory import duration

    if system.external:
        return [("run by", system.unit or "others: no hosts and no copies of ours")]
    decision = system.level_decision
    by = f" ({decision.number} of {decision.date}, {decision.by})" if decision else " (no decision named)"
    people = system.data_subjects
    subjects = f"of {people.basic:,} people" + (f"; sensitive data of {people.sensitive:,}" if people.sensitive else "")
    exception = f" (exception: {system.rto_reason}; approved by {system.rto_approver})" if system.rto_reason else ""
    rows = [
        ("level", f"{system.level}{by}"),
        ("unit", system.unit),
        ("accountable", system.accountable),
        ("serves", system.serves),
        ("personal data", subjects if people.basic or people.sensitive else "none named"),
        ("back within", f"{duration.show(system.rto)}{exception}"),
        ("may lose", duration.show(system.rpo)),
    ]
    return [(word, text or "-") for word, text in rows]


def _order(site: Site, key: str, system: System) -> Lines:
    from inventory import graph

    made = graph.graph(site.systems, {})
    node = next(node for node in made.nodes if node.key == key)
    critical = ", on the critical path" if node.critical else ""
    return [
        ("wave", f"{node.wave} of {made.nodes[-1].wave}{critical}"),
        ("needs", ", ".join(system.depends_on) or "nothing"),
        ("needed by", ", ".join(_needed_by(site, key)) or "nothing"),
    ]


def _reached(site: Site, name: str) -> str:
    host = site.hosts[name]
    also = [key for key in site.own if name in site.members.get(key, ())]
    shared = f"; carries {', '.join(also)}" if len(also) > 1 else ""
    if host.connection == "local":
        where = "this machine" if host.root == "/" else f"{host.root} on this machine"
        return f"{where}{shared}"
    port = "" if host.port == 22 else f" port {host.port}"
    user = f" as {host.user}" if host.user else ""
    return f"{host.address}{port}, {host.connection}{user}{shared}"


def _source(source: DataSource) -> str:
    from inventory.system import FilesSource, PostgresqlSource, SqliteSource

    match source:
        case FilesSource():
            without = f" without {', '.join(source.exclude)}" if source.exclude else ""
            return f"files {', '.join(source.files)}{without} on {source.host}"
        case SqliteSource():
            return f"SQLite {source.sqlite} on {source.host}"
        case PostgresqlSource():
            return f"PostgreSQL {source.postgresql} on {source.host}"


def _copy(copy: Any) -> str:
    from inventory import duration
    from inventory.system import VaultCopy

    where = f"vault {copy.vault}" if isinstance(copy, VaultCopy) else f"offline media {copy.media}"
    return f"{where}, every {duration.show(copy.every)}"


def _log(log: LogSource) -> str:
    from inventory.system import FileLog

    return f"{log.file if isinstance(log, FileLog) else f'journal of {log.journald}'} on {log.host}"


def _recovery(system: System) -> Lines:
    from inventory import probe

    drills = ", ".join(f"{host} → {spare}" for host, spare in system.drill_targets.items())
    rows = [("runbook", system.runbook), ("practised on", drills or _NONE), *_commands(system)]
    rows += _numbered("normal when", [probe.expected(check) for check in system.normal_when])
    newest = system.canary
    rows.append(("newest record", f"{newest.query} on {newest.sql} of {newest.host}" if newest else _NONE))
    return rows


def _commands(system: System) -> Lines:
    rows: list[tuple[str, str]] = []
    for name, commands in (("start", system.start), ("stop", system.stop)):
        texts = [" ".join(each.run) + (f"  (on {each.host})" if each.host else "") for each in commands]
        rows += _numbered(name, texts) if texts else []
    return rows


def _numbered(word: str, texts: Sequence[str]) -> Lines:
    return [(word if index == 0 else "", text) for index, text in enumerate(texts)] or [(word, _NONE)]
