"""Runbooks: how one kind of system is brought back, step by step, as data that is refused when unclear."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from inventory import lines
from inventory.fields import Duration
from inventory.lines import Problem, SiteError
from inventory.site import Site
from inventory.system import CommandCheck, HttpCheck, PortCheck, SqlCheck, Strict

SHIPPED = Path(__file__).parent / "runbooks"
_STEP_ID = r"^[a-z0-9][a-z0-9-]{0,62}$"

Kind = Literal["gate", "check", "restore", "command", "manual"]
Effect = Literal["idempotent", "probe", "once"]
KINDS: tuple[Kind, ...] = ("gate", "check", "restore", "command", "manual")
_DEFAULT_EFFECT: Mapping[Kind, Effect] = {
    "gate": "idempotent",
    "check": "idempotent",
    "restore": "idempotent",
    "command": "once",
    "manual": "once",
}
_WITH_EFFECT: tuple[Kind, ...] = ("restore", "command")


class Step(Strict):
    """One step: exactly one of `gate`, `check`, `restore`, `command`, `manual`.

    `effect` says what a crash in the middle means: `idempotent` may simply run again, `probe` looks first whether it
    is done (its `done_when`), `once` is in doubt and asks. `limit` is the time it may take. A gate that people approve
    may ask for several `people`, and for signatures (`signed: required`). `host` is where the words of a `command` run;
    without it, the host that the system's `data` names first.
    """

    id: Annotated[str, Field(pattern=_STEP_ID)]
    title: str = ""
    gate: Literal["police", "approve"] | None = None
    check: Literal["copy", "normal"] | None = None
    restore: Literal["all"] | None = None
    command: Annotated[list[str], Field(min_length=1)] | Literal["start", "stop"] | None = None
    host: str = ""
    manual: str | None = None
    ask: str = ""
    people: Annotated[int, Field(ge=1, le=5)] = 1
    signed: Literal["required"] | None = None
    effect: Effect | None = None
    done_when: HttpCheck | SqlCheck | PortCheck | CommandCheck | Literal["normal"] | None = None
    limit: Duration = timedelta(hours=4)
    on_failure: Literal["stop", "go_on"] = "stop"

    @model_validator(mode="after")
    def _is_one_thing(self) -> Step:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"must have exactly one of {', '.join(KINDS)}; has {', '.join(given) or 'none'}")
        if self.kind == "gate" and self.gate == "approve" and not self.ask:
            raise ValueError("a gate needs `ask`: the question a person answers")
        if self.gate != "approve" and (self.people != 1 or self.signed):
            raise ValueError("`people` and `signed` belong to `gate: approve`")
        if self.host and not isinstance(self.command, list):
            raise ValueError(
                "`host` belongs to a `command` of words; start and stop say in the inventory where they run"
            )
        if self.effect == "probe" and self.done_when is None:
            raise ValueError("effect probe needs `done_when`: how to see that it is already done")
        if self.kind not in _WITH_EFFECT and self.effect is not None:
            raise ValueError(f"a {self.kind} has no `effect`: only {' and '.join(_WITH_EFFECT)} change something")
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what came later and is not used: the digest of a runbook that did not change stays the same."""
        written: dict[str, Any] = serialize(self)
        unused = {"people": 1, "signed": None, "host": ""}
        return {key: value for key, value in written.items() if key not in unused or value != unused[key]}

    @property
    def kind(self) -> Kind:
        """Return which of the five it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def crash(self) -> Effect:
        """Return what a crash in the middle of it means."""
        return self.effect or _DEFAULT_EFFECT[self.kind]


class Runbook(Strict):
    """How one kind of system is brought back.

    `proved_on` names what it was really carried out on, in a test or the demo; empty means *untested*.
    """

    runbook: Annotated[str, Field(pattern=_STEP_ID)]
    title: str
    for_systems: str = ""
    proved_on: list[str] = []
    steps: Annotated[list[Step], Field(min_length=1)]

    @model_validator(mode="after")
    def _steps_are_distinct_and_end_in_proof(self) -> Runbook:
        seen: set[str] = set()
        for step in self.steps:
            if step.id in seen:
                raise ValueError(f"step {step.id!r} is written twice")
            seen.add(step.id)
        if self.steps[-1].check != "normal":
            raise ValueError("the last step must be `check: normal`: a system is back when its own tests pass")
        if self.steps[-1].on_failure != "stop":
            raise ValueError("the last step must stop on failure: a system whose own tests fail is not back")
        return self

    def digest(self) -> str:
        """Return the SHA-256 of its content, in hex; where it was proved is no part of what is done."""
        return digest(self.model_dump(mode="json", exclude={"proved_on"}))


@dataclass(frozen=True)
class Book:
    """Every runbook a site can use, by name, with the file it was read from."""

    runbooks: Mapping[str, Runbook]
    files: Mapping[str, Path]

    @property
    def untested(self) -> frozenset[str]:
        """Return the runbooks that were proved nowhere."""
        return frozenset(name for name, each in self.runbooks.items() if not each.proved_on)


def load(site_root: Path | None = None) -> Book:
    """Read the shipped runbooks and the site's own; one of the site's replaces a shipped one of the same name.

    Raises:
        SiteError: every fault of every file, with its line.
    """
    runbooks: dict[str, Runbook] = {}
    files: dict[str, Path] = {}
    problems: list[Problem] = []
    for file in _files(site_root):
        try:
            document = lines.read(file)
            runbook = lines.validate(document, Runbook)
        except SiteError as error:
            problems += error.problems
            continue
        if runbook.runbook != file.stem:
            problems.append(document.problem(("runbook",), f"must be the file's name, {file.stem!r}"))
        runbooks[runbook.runbook] = runbook
        files[runbook.runbook] = file
    if problems:
        raise SiteError(problems)
    return Book(runbooks, files)


def check(site: Site) -> None:
    """Read a site's runbooks, and see that every system names one there is.

    Raises:
        SiteError: every fault found.
    """
    known = load(site.root).runbooks
    strange = [key for key, system in site.systems.items() if system.runbook not in known]
    if not strange:
        return
    hint = f"runbooks: {', '.join(sorted(known))}"
    problems = []
    for key in strange:
        document, here = site.written[key]
        problems.append(document.problem((*here, "runbook"), f"no runbook {site.systems[key].runbook!r}", hint))
    raise SiteError(problems)


def names(site_root: Path) -> frozenset[str]:
    """Return the names of the shipped runbooks and the site's own, those with faults too."""
    return frozenset(file.stem for file in _files(site_root))


def _files(site_root: Path | None) -> Iterator[Path]:
    yield from sorted(SHIPPED.glob("*.yml"))
    if site_root is not None:
        yield from sorted((site_root / "runbooks").glob("*.yml"))


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value written one way only, in hex."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
