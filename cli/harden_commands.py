"""`holdfast harden`: are the hosts as they should be, what would change, change it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import completion, harden_output, output, own_machine, plan_output
from cli.context import Context, JsonOption, current
from cli.harden_rollback import rollback_
from inventory.errors import ExitCode, RefusedError

if TYPE_CHECKING:
    from playbooks.apply import Applied
    from playbooks.controls import Control
    from playbooks.plan import Outcome
    from playbooks.scan import HostScan

harden = typer.Typer(name="harden", no_args_is_help=True, help="Check hosts against the controls, and harden them.")
controls = typer.Typer(name="controls", no_args_is_help=True, help="The controls themselves.")
harden.add_typer(controls)
harden.command("rollback")(rollback_)

Systems = Annotated[
    list[str] | None,
    typer.Option("--system", help="Only the hosts of this system (repeatable).", autocompletion=completion.systems),
]
Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--host", help="Only this host, of the systems named if any (repeatable).", autocompletion=completion.hosts
    ),
]
Ids = Annotated[list[str] | None, typer.Option("--control", help="Only this control (repeatable; not recorded).")]


@harden.command("scan")
def scan_(
    context: typer.Context, system: Systems = None, host: Hosts = None, control: Ids = None, json: JsonOption = False
) -> ExitCode:
    """Read every host's settings and judge them; changes nothing on any host.

    Example: holdfast harden scan --system edoc
    """
    from playbooks import controls, history, scan

    here = current(context)
    if not control:  # only a whole scan is recorded
        here.actor.may("security", "operator", "responder")
    rules = controls.chosen(control or [])
    wanted = scan.targets(here.site, system or [], host or [])
    with output.progress("Reading the hosts' settings") as progress:
        found = scan.scan(here.site, wanted, rules.values(), told=progress.show)
    if not control:
        history.record_scan(here.ledger, found)
    found = scan.waive(found, here.site.waivers, here.today)
    if json:
        output.document(found.document())
    else:
        harden_output.show_scan(found, rules)
    return found.exit_code


@harden.command("plan")
def plan_(context: typer.Context, system: Systems = None, host: Hosts = None, json: JsonOption = False) -> ExitCode:
    """Show what `apply` would change, with the differences; changes nothing. Ends 1 if there is something to change.

    Example: holdfast harden plan --host documents-1
    """
    found = _plan(current(context), system, host)
    if json:
        output.document(found.document())
    else:
        _show_plan(found)
    return found.pending


@harden.command("apply")
def apply_(
    context: typer.Context,
    system: Systems = None,
    host: Hosts = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    this_machine: Annotated[str, typer.Option("--this-machine", help="Its name, if it is to be changed too.")] = "",
    json: JsonOption = False,
) -> ExitCode:
    """Show the plan, ask, change the hosts, read them again. The machine you work on is changed only if you name it.

    Example: holdfast harden apply --system edoc
    """
    from playbooks import apply, controls, history, runs, scan

    here = current(context)
    here.actor.may("operator", "security")
    rules = controls.shipped()
    wanted = scan.targets(here.site, system or [], host or [])
    own_machine.require_meant(
        (here.site.host(each.host) for each in wanted), this_machine, again="holdfast harden apply"
    )
    if not yes:
        _agree(_plan(here, system, host))
    run = apply.new_run()
    runs.begin(here.ledger, run, [target.host for target in wanted])
    with output.progress("Hardening") as progress:
        done = apply.apply(here.site, wanted, rules.values(), told=progress.show, run=run)
    history.record_apply(here.ledger, done)
    waivers, today = here.site.waivers, here.today
    done = replace(done, before=scan.waive(done.before, waivers, today), after=scan.waive(done.after, waivers, today))
    if json:
        output.document(done.document())
    else:
        _show_applied(done, rules)
    return done.exit_code


@controls.command("list")
def controls_list(json: JsonOption = False) -> ExitCode:
    """List the controls, and where each was proved to find and to pass.

    Example: holdfast harden controls list --json
    """
    from playbooks import controls

    rules = controls.shipped().values()
    if json:
        output.document([control.summary() for control in rules])
        return ExitCode.DONE
    rows = [
        (rule.id, rule.severity, _levels(rule), ", ".join(rule.proved_on) or "untested", rule.title) for rule in rules
    ]
    output.table(("control", "severity", "levels", "proved on", "title"), rows)
    return ExitCode.DONE


@controls.command("show")
def controls_show(control: str, json: JsonOption = False) -> ExitCode:
    """Show one control: why, what it asks for, how to mend it.

    Example: holdfast harden controls show HF-SSH-001
    """
    from playbooks import controls, judge

    rule = controls.chosen([control])[control]
    if json:
        output.document(rule.detail())
        return ExitCode.DONE
    output.line(f"{rule.id}  {rule.title}")
    rows = {
        "why": rule.why,
        "severity": rule.severity,
        "levels": _levels(rule),
        "asks for": f"{' '.join(rule.check.fact)}: {judge.expectation(rule.check)}",
        "to mend": str(rule.mend),
        "see also": "; ".join(f"{name}: {', '.join(ids)}" for name, ids in rule.mapping.items()) or "-",
        "proved on": ", ".join(rule.proved_on) or "untested",
    }
    for name, text in rows.items():
        output.line(f"  {name + ':':<11}{text}")
    return ExitCode.DONE


def _plan(context: Context, system: list[str] | None, host: list[str] | None) -> Outcome:
    from playbooks import plan, scan

    with output.progress("Looking at what would change") as progress:
        return plan.plan(context.site, scan.targets(context.site, system or [], host or []), told=progress.show)


def _agree(plan: Outcome) -> None:
    """Show the plan and ask (on stderr, so that stdout keeps to the result).

    Raises:
        RefusedError: nobody agreed.
    """
    for text in plan_output.lines(plan):
        output.note(text)
    if plan.changes and not output.confirm(f"Make {plan_output.many(len(plan.changes), 'change')}?"):
        raise RefusedError("nothing was changed: nobody agreed to the plan", hint="holdfast harden apply --yes")


def _show_plan(plan: Outcome) -> None:
    for text in plan_output.lines(plan):
        output.line(text)


def _show_applied(done: Applied, rules: Any) -> None:
    rows = []
    for before, after in done.pairs():
        changed = str(len(done.outcome.on(after.host)))
        rows.append((after.host, changed, *_share(before), *_share(after)))
    output.table(
        ("host", "changed", "passing before", "failing", "passing after", "failing", "unknown"),
        [
            (host, changed, before, failed, after, left, unknown)
            for host, changed, before, failed, _, after, left, unknown in rows
        ],
        right=(1, 2, 3, 4, 5, 6),
    )
    for text in [*(f"note: {note}" for note in done.outcome.notes), *plan_output.troubles(done.outcome)]:
        output.line(text)
    if any(done.kept.values()):
        output.line(f"what was changed is kept on the hosts; to put it back: holdfast harden rollback {done.run}")
    if done.by_hand:
        output.line(
            f"{plan_output.many(done.by_hand, 'control')} still need a hand; to see them again: holdfast harden scan"
        )
    output.line()
    harden_output.show_scan(done.after, rules)


def _share(host: HostScan) -> tuple[str, str, str]:
    if host.error is not None:
        return "not read", "-", "-"
    return str(host.count("pass")), str(host.count("fail")), str(host.count("unknown"))


def _levels(rule: Control) -> str:
    return ", ".join(str(level) for level in rule.levels)
