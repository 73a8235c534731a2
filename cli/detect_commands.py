"""`holdfast detect`: rules over logs, and the alerts they raise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.context import Context, JsonOption, current
from inventory.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detect.rule import RuleSet
    from ledger.alerts import Alert

detect = typer.Typer(name="detect", no_args_is_help=True, help="Rules over logs, and the alerts they raise.")

RulesOption = Annotated[
    list[Path] | None, typer.Option("--rules", help="A Sigma rule file or a directory of them (repeatable).")
]
IdArgument = Annotated[str, typer.Argument(help="The id, or a beginning of it that only one has.")]
StrictOption = Annotated[bool, typer.Option("--strict", help="Refuse to start if any rule cannot be run.")]


@detect.command()
def run(
    context: typer.Context,
    rules: RulesOption = None,
    events: Annotated[
        list[str] | None,
        typer.Option("--events", help="A log: file, directory, glob, .gz or - (repeatable); no site is needed."),
    ] = None,
    strict: StrictOption = False,
    json: JsonOption = False,
) -> ExitCode:
    """Run rules over the logs of every system (from where the last run ended), or over the files given.

    Example: holdfast detect run --rules rules/ --events /var/log/auth.log --json
    """
    from detect import ruleset

    here = current(context)
    chosen = _rules(rules, strict, None if events else here.site.root)
    ruleset.require_some(chosen)
    return _over_files(here, chosen, events, json=json) if events else _over_site(here, chosen, json=json)


def _over_files(here: Context, rules: RuleSet, events: Sequence[str], *, json: bool) -> ExitCode:
    from detect import run as runs
    from detect import sources
    from detect.engine import Engine

    started, count, tally = here.clock.monotonic(), 0, sources.Tally()
    engine = Engine(rules)
    with output.progress("Reading") as progress:
        for hit in runs.over_files(engine, sources.expand(events), here.clock.now(), tally, progress.show):
            count += 1
            if json:
                output.json_line(hit.to_json())
            else:
                output.line(hit.to_line())
    for example in tally.examples:
        output.note(f"corrupt: {example}")
    output.note(runs.summary(engine.rules, tally, count, here.clock.monotonic() - started))
    return ExitCode.FINDINGS if count else ExitCode.DONE


def _over_site(here: Context, rules: RuleSet, *, json: bool) -> ExitCode:
    from detect import sweep

    here.actor.may("security", "operator", "responder")
    with output.progress("Reading") as progress:
        outcome = sweep.run(here.site, here.ledger, here.state, rules, progress.show)
    for alert in outcome.raised:
        if json:
            output.json_line(alert.to_json())
    if not json and outcome.raised:
        _table(outcome.raised)
    for account in outcome.accounts:
        if account.problem:
            output.note(f"{account.system}: {account.log}: {account.state}: {account.problem}")
        for example in account.tally.examples:
            output.note(f"corrupt: {example}")
    for key in outcome.unwatched:
        output.note(f"{key}: not watched: its inventory file names no `logs:`")
    output.note(outcome.summary() if outcome.accounts else "no log was read: no system of this site names any `logs:`")
    return outcome.exit_code


def _rules(paths: Sequence[Path] | None, strict: bool, site: Path | None = None) -> RuleSet:
    from detect import ruleset

    found = ruleset.load(list(paths) if paths else ruleset.standing(site))
    if strict:
        ruleset.strictly(ruleset.ready(found)[1])
    for rule in found.unusable:
        output.note(f"not run: {rule}")
    return found


rules_group = typer.Typer(name="rules", no_args_is_help=True, help="Which rules there are, and whether they work.")
alerts_group = typer.Typer(name="alerts", no_args_is_help=True, help="What the rules found.")
detect.add_typer(rules_group)
detect.add_typer(alerts_group)


@rules_group.command("list")
def list_rules(
    context: typer.Context, rules: RulesOption = None, strict: StrictOption = False, json: JsonOption = False
) -> ExitCode:
    """List every rule, and those that cannot be run with the reason.

    Example: holdfast detect rules list --rules rules/ --strict
    """
    from detect import catalogue

    found = _rules(rules, strict, _site(current(context)))
    if json:
        output.document([catalogue.to_json(entry) for entry in catalogue.entries(found)])
        return ExitCode.DONE
    rows = [[entry.id, entry.level, entry.kind, entry.title, entry.reason] for entry in catalogue.entries(found)]
    output.table(["id", "level", "kind", "title", "not run because"], rows)
    return ExitCode.DONE


@rules_group.command("show")
def show_rule(
    context: typer.Context, identity: IdArgument, rules: RulesOption = None, json: JsonOption = False
) -> ExitCode:
    """Show one rule: what it looks for, what it means, what to do (by id, its beginning, or name).

    Example: holdfast detect rules show login_failed
    """
    from detect import catalogue

    rule = catalogue.one(_rules(rules, False, _site(current(context))), identity)
    if json:
        output.document(catalogue.to_json(rule))
    else:
        for line in catalogue.to_lines(rule):
            output.line(line)
    return ExitCode.DONE


@rules_group.command("test")
def test_rules(context: typer.Context, rules: RulesOption = None, json: JsonOption = False) -> ExitCode:
    """Run the examples written into each rule: events it must fire on, and events it must not.

    Example: holdfast detect rules test --rules rules/
    """
    from detect import selftest

    here = current(context)
    results = selftest.run(_rules(rules, False, _site(here)), here.clock.now())
    failed = [result for result in results if not result.passed]
    if json:
        output.document([result.to_json() for result in results])
    else:
        for result in failed:
            output.line(f"fail  {result.title}: {result.problem}")
    untested = sum(result.verdict == selftest.UNTESTED for result in results)
    output.note(f"{len(results)} rules, {untested} untested, {len(failed)} failed")
    return ExitCode.FINDINGS if failed else ExitCode.DONE


@alerts_group.command("list")
def list_alerts(
    context: typer.Context,
    state: Annotated[
        list[str] | None, typer.Option("--state", help="open, acknowledged or closed (repeatable).")
    ] = None,
    json: JsonOption = False,
) -> ExitCode:
    """List alerts, the oldest first; without --state those not closed.

    Example: holdfast detect alerts list --state open
    """
    from ledger import alerts

    found = alerts.listed(current(context).ledger, states=state or [alerts.OPEN, alerts.ACKNOWLEDGED])
    if json:
        output.document([alert.to_json() for alert in found])
    else:
        _table(found)
    return ExitCode.DONE


@alerts_group.command("show")
def show_alert(context: typer.Context, identity: IdArgument, json: JsonOption = False) -> ExitCode:
    """Show one alert with the log lines it rests on, as far as they still are where they were read.

    Example: holdfast detect alerts show 3f2a
    """
    from detect import evidence
    from ledger import alerts

    here = current(context)
    alert = alerts.one(here.ledger, identity)
    if json:
        output.document(alert.to_json())
        return ExitCode.DONE
    for name, value in evidence.words(alert).items():
        output.line(f"{name:<12} {value}")
    with output.progress("Reading the logs") as progress:
        quotes = evidence.quotes(alert, here.clock.now(), progress.show)
    for quote in quotes:
        output.line(f"  {quote.place}")
        output.line(f"    {quote.text}")
    if alert.count > len(quotes):
        output.line(f"  and {alert.count - len(quotes)} more")
    return ExitCode.DONE


@alerts_group.command("ack")
def acknowledge(context: typer.Context, identity: IdArgument) -> ExitCode:
    """Say that somebody looks after an alert.

    Example: holdfast detect alerts ack 3f2a
    """
    return _change(current(context), identity, "acknowledged", "")


@alerts_group.command("close")
def close(
    context: typer.Context,
    identity: IdArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why it needs nothing more.")],
) -> ExitCode:
    """Close an alert, with the reason.

    Example: holdfast detect alerts close 3f2a --reason "penetration test of 23 November"
    """
    if not reason.strip():
        raise UsageError("a reason must say something", hint="write it for the next person: --reason 'TEXT'")
    return _change(current(context), identity, "closed", reason)


def _change(here: Context, identity: str, state: str, reason: str) -> ExitCode:
    from ledger import alerts

    here.actor.may("security", "operator", "responder")
    alert = alerts.one(here.ledger, identity)
    alerts.change(here.ledger, [alert.id], state, reason=reason)
    output.note(f"{alert.id} {alert.title}: {state}")
    return ExitCode.DONE


def _table(alerts: Sequence[Alert]) -> None:
    rows = []
    for alert in alerts:
        first = f"{alert.first_at:%Y-%m-%d %H:%M:%S}Z" if alert.first_at else "-"
        rows.append([alert.id, alert.level, alert.system or "-", first, alert.state, alert.title, alert.summary])
    output.table(["alert", "level", "system", "first event", "state", "what", "summary"], rows)


def _site(here: Context) -> Path | None:
    """Return the site's directory if there is one: rules can be looked at without."""
    from inventory.errors import UsageError

    try:
        return here.site.root
    except UsageError:
        return None
