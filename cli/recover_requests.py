"""Signatures at the gates of a recovery: the texts to sign, and the signatures that come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import approving, output
from cli.context import JsonOption, current
from inventory.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from cli.context import Context
    from incident.effects import Answers
    from incident.incident import Incident
    from incident.plan import RecoveryPlan
    from incident.runs import Run
    from inventory.approval import Approval, Request

Into = Annotated[
    Path | None, typer.Option("--to", help="The folder for the texts to sign; without it, one in the state directory.")
]


def requests(
    context: typer.Context,
    incident: Annotated[str | None, typer.Argument(help="The incident's id; without it, the only open one.")] = None,
    onto: Annotated[
        list[str] | None, typer.Option("--onto", help="LOST=TARGET, as it will be given to `recover run`.")
    ] = None,
    to: Into = None,
    json: JsonOption = False,
) -> ExitCode:
    """Write what must be signed at the gates, and show the lines that sign it and go on.

    For a run that waits for a person, its gates; else those of the plan that `recover run` would carry out now.

    Example: holdfast recover requests --to /media/stick
    """
    from incident import view
    from incident.incident import find

    here = current(context)
    found = find(here.ledger, incident)
    last = view.newest_run(here.ledger, found)
    waiting = last if last is not None and last.waiting else None
    asked = _of_run(here, waiting) if waiting is not None else _of_plan(here, found, onto or [])
    files = {word: approving.write(here, request, to) for word, request in asked.items()}
    begin = f"recover resume {waiting.id}" if waiting else " ".join(["recover run", found.id, *_onto(onto)])
    line = " ".join(["holdfast", begin, *(f"--approve {word} --approval {files[word]}.sig" for word in files)])
    if json:
        texts = [{"gate": word, "file": str(files[word]), "what": request.what} for word, request in asked.items()]
        output.document({"requests": texts, "then": line})
        return ExitCode.DONE
    _tell(asked, files, line)
    return ExitCode.DONE


@dataclass(frozen=True)
class Said:
    """What somebody typed behind `recover run` or `resume`; `files` are signatures."""

    approve: Sequence[str]
    done: Sequence[str]
    again: Sequence[str]
    files: Sequence[Path]
    reason: str


def answers(here: Context, run_id: str, plan: RecoveryPlan, typed: Said) -> Answers:
    """Return what was said on the command line, every signature checked against this run and its plan.

    Raises:
        ApprovalError: a signature that does not count.
        UsageError: a signature without the gate it is for, or an answer about a step the plan does not have.
    """
    from incident.effects import Answers

    person = here.actor.person
    said = Answers(
        approve=frozenset(typed.approve),
        done=frozenset(typed.done),
        again=frozenset(typed.again),
        reason=typed.reason,
        ask=output.confirm,
        name=person.name if person is not None else "",
    )
    said.must_fit(plan)
    if not typed.files:
        return said
    if not typed.approve:
        raise UsageError("a signature is for a gate: say which", hint="--approve GATE --approval FILE.sig")
    return replace(said, signed=_signed(here, run_id, plan, typed))


def _signed(here: Context, run_id: str, plan: RecoveryPlan, typed: Said) -> dict[str, list[Approval]]:
    from incident import gates
    from inventory import approval

    asked = {name: gates.request(here.site.settings.site, run_id, plan, name) for name in typed.approve}
    found: dict[str, list[Approval]] = {name: [] for name in asked}
    for file in typed.files:
        name = _meant(file, asked)
        found[name] += approving.verified(here, asked[name], [file])
    for each in found.values():
        if each:
            approval.require(each, gates.SIGNED, here.site.people, here.actor)
    return found


def _meant(file: Path, asked: dict[str, Request]) -> str:
    """Return which of several gates a signature is meant for: the text beside it says; else the first that fits."""
    from inventory import approval

    try:
        text = approval.read_file(file.with_suffix("")).text()
    except approval.ApprovalError:
        text = b""
    same = [name for name, request in asked.items() if request.text() == text]
    return same[0] if same else next(iter(asked))


def _of_run(here: Context, run: Run) -> dict[str, Request]:
    from incident import gates

    open_gates = [step for step in gates.approvable(run.plan) if not run.settled(step)]
    return _texts(here, run.id, run.plan, gates.words(open_gates))


def _of_plan(here: Context, found: Incident, onto: Sequence[str]) -> dict[str, Request]:
    from incident import engine, gates, planning

    with output.progress("looking for the newest good copies"):
        made = planning.plan(here.site, here.state, here.ledger, found, [], targets(onto), None)
    return _texts(here, engine.next_id(here.ledger, found.id), made, gates.words(gates.approvable(made)))


def _texts(here: Context, run_id: str, plan: RecoveryPlan, names: Sequence[str]) -> dict[str, Request]:
    from incident import gates

    return {name: gates.request(here.site.settings.site, run_id, plan, name) for name in names}


def targets(pairs: Sequence[str]) -> dict[str, str]:
    """Read LOST=TARGET pairs.

    Raises:
        UsageError: a pair that is none.
    """
    found = {}
    for pair in pairs:
        lost, equals, target = pair.partition("=")
        if not (lost and equals and target):
            raise UsageError(f"{pair!r} is not LOST=TARGET", hint="--onto documents-1=spare-1")
        found[lost] = target
    return found


def _onto(pairs: Sequence[str] | None) -> list[str]:
    return [f"--onto {pair}" for pair in pairs or []]


def _tell(asked: dict[str, Request], files: dict[str, Path], line: str) -> None:
    from inventory import approval

    if not asked:
        output.line("no gate of this recovery is approved by people")
        return
    output.table(
        ("gate", "what is asked", "text to sign"), [(word, asked[word].what, str(files[word])) for word in asked]
    )
    output.line("sign on any machine that has your key; only the .sig files come back:")
    for file in files.values():
        output.line(f"  {approval.sign_command(file)}")
    output.line("then:")
    output.line(f"  {line}")
