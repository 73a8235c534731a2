"""The few questions about a new system, asked at a terminal with what Enter stands for; else options and defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cli import output
from inventory import draft_parts as parts
from inventory import duration
from inventory.errors import UsageError
from inventory.lines import near
from inventory.outline import DEFAULT_TARGET
from inventory.site import Site

_TRIES = 3
_WEEKLY = "7d"

Texts = Mapping[str, Sequence[str]]
"""What was said beforehand: by key of the `system:` block, as people write it."""


def complete(
    site: Site, key: str, hosts: Sequence[str], said: Texts, runbooks: Sequence[str], *, ask: bool
) -> tuple[dict[str, Any], frozenset[str]]:
    """Return a new system's values, and which of them nobody stated.

    Raises:
        UsageError: an option cannot be read, or a question was not answered in three tries.
    """
    questions = _Questions(said, ask=ask)
    if "external" in said:
        return _external(key, questions)
    return _own(site, key, hosts, questions, runbooks)


def _external(key: str, questions: _Questions) -> tuple[dict[str, Any], frozenset[str]]:
    questions.one("name", "what do people call it?", key)
    for field in ("name_local", "unit", "serves"):
        questions.stated(field)
    questions.found |= {"external": True, "runbook": "dependency"}
    return questions.found, frozenset(questions.guessed)


def _own(
    site: Site, key: str, hosts: Sequence[str], questions: _Questions, runbooks: Sequence[str]
) -> tuple[dict[str, Any], frozenset[str]]:
    found = questions.found
    questions.one("name", "what do people call it?", key)
    for field in ("name_local", "serves"):
        questions.stated(field)
    for field in ("unit", "accountable"):
        questions.stated(field, wanted=True)
    questions.one("level", "its level, 1 to 5 (how much harm its loss does)?", "1", _level)
    questions.one("rto", "how soon must it be back (8h, 24h, …)?", "24h", _time)
    if duration.parse(found["rto"]) > DEFAULT_TARGET:
        questions.one("rto_reason", "more than 24h is an exception: for what reason?", "", _words)
        questions.one("rto_approver", "who approved it?", "", _words)
    questions.one("rpo", "how much work may be lost (1h, 24h, …)?", "24h", _time)
    known = list(site.systems)
    questions.many("depends_on", "which system must be back before it?", [], lambda text: _system(text, known))
    questions.many("data", f"what must come back ({parts.DATA_FORMS})?", [], lambda text: parts.data(text, hosts))
    questions.many(
        "copies",
        f"where are copies kept ({parts.COPY_FORMS})?",
        _stores(site),
        lambda text: _copy(text, found["rpo"]),
    )
    questions.many("logs", "", [], lambda text: parts.log(text, hosts))
    usual = "database-service" if any({"postgresql", "sqlite"} & set(source) for source in found["data"]) else "generic"
    questions.one("runbook", f"which runbook ({', '.join(runbooks)})?", usual, lambda text: _one_of(text, runbooks))
    questions.many(
        "normal_when",
        f"how does one know that it works ({parts.NORMAL_FORMS})?",
        [],
        lambda text: parts.normal(text, hosts),
    )
    return found, frozenset(questions.guessed)


class _Questions:
    """The answers so far: `found` by key, `guessed` the keys that nobody stated."""

    def __init__(self, said: Texts, *, ask: bool) -> None:
        self._said = said
        self._ask = ask
        self.found: dict[str, Any] = {}
        self.guessed: set[str] = set()

    def stated(self, field: str, *, wanted: bool = False) -> None:
        """Take what was stated; nobody is asked. What is wanted and was not stated is left to be filled in."""
        if text := next(iter(self._said.get(field, ())), ""):
            self.found[field] = text
        elif wanted:
            self.found[field] = ""
            self.guessed.add(field)

    def one(self, field: str, question: str, default: str, read: Callable[[str], Any] = str) -> None:
        """Take one value: as stated, as answered, or the default."""
        if field in self._said:
            self.found[field] = _option(field, self._said[field][0], read)
        elif self._ask:
            shown = f" [{default}]" if default else ""
            self.found[field] = _answer(f"{question}{shown}", read, default)
        else:
            self.found[field] = _option(field, default, read)
            self.guessed.add(field)

    def many(self, field: str, question: str, default: Sequence[str], read: Callable[[str], Any]) -> None:
        """Take any number of values, at a terminal one after the other until Enter alone; nothing at all is a guess."""
        if field in self._said:
            self.found[field] = [_option(field, text, read) for text in self._said[field]]
        elif self._ask and question:
            self.found[field] = self._row(question, default, read)
        else:
            self.found[field] = [read(text) for text in default]
            self.guessed.add(field)
        if not self.found[field]:
            self.guessed.add(field)

    def _row(self, question: str, default: Sequence[str], read: Callable[[str], Any]) -> list[Any]:
        found: list[Any] = []
        while True:
            shown = f" [{', '.join(default) or 'none'}]" if not found else " [no more]"
            text = _answer(f"{question if not found else '  another?'}{shown}", lambda text: text and [read(text)], "")
            if not text:
                return found or [read(each) for each in default]
            found += text


def _answer(question: str, read: Callable[[str], Any], default: str) -> Any:
    """Ask until the answer can be read, a few times."""
    for _ in range(_TRIES):
        try:
            return read(output.ask(question) or default)
        except ValueError as error:
            output.note(f"  {error}")
    raise UsageError(
        f"no answer to: {question}", hint="every answer can be given as an option: holdfast inventory add -h"
    )


def _option(field: str, text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise UsageError(f"{field}: {error}", hint="holdfast inventory add -h") from error


def _stores(site: Site) -> list[str]:
    """Return where copies go unless somebody says otherwise: the first vault, the first set of media."""
    vault = [f"vault:{name}" for name in list(site.settings.vaults)[:1]]
    return vault + [f"media:{name}" for name in list(site.settings.media)[:1]]


def _level(text: str) -> int:
    if text not in ("1", "2", "3", "4", "5"):
        raise ValueError(f"{text!r} is no level; write 1, 2, 3, 4 or 5")
    return int(text)


def _time(text: str) -> str:
    return duration.write(duration.parse(text))


def _words(text: str) -> str:
    if not text.strip():
        raise ValueError("more than 24h needs a reason and the person who approved it")
    return text.strip()


def _system(text: str, known: Sequence[str]) -> str:
    return _one_of(text.strip(), known)


def _copy(text: str, rpo: str) -> dict[str, Any]:
    made = parts.copy(text, rpo)
    return made | {"every": _time(str(made["every"]))}


def _one_of(text: str, known: Sequence[str]) -> str:
    if text not in known:
        raise ValueError(f"{text!r} is not there; {near(text, known, 'there are')}")
    return text
