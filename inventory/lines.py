"""YAML with a memory: plain data, and the line every key was written on."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from inventory import content, parse
from inventory.errors import UsageError
from inventory.parse import Location

__all__ = ["Document", "Location", "Problem", "Remark", "SiteError", "load", "near", "read", "validate"]

_ENCRYPTED = "$ANSIBLE_VAULT;"
_MOST_NAMED = 12
_MOST_COMPARED = 200  # a site with thousands of wrong names must be told so quickly
_FEW_LETTERS = 4

_PLAINLY = {
    "list_type": ("must be a list", "write it as [one, two]"),
    "string_type": ("must be text", "write it in quotes"),
    "string_too_short": ("is empty", "say what it is"),
    "too_short": ("is empty", "name at least one"),
    "int_type": ("must be a whole number", ""),
    "int_parsing": ("must be a whole number", ""),
    "int_from_float": ("must be a whole number", ""),
}
"""What the models say in words of their own, in ours: what is wrong, and a hint."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Problem:
    """One fault in one file: where (1-based line, key path), what, and how to mend it."""

    file: Path
    line: int
    key: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        key = f" {self.key}:" if self.key else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}:{key} {self.what}{hint}"

    def to_json(self) -> dict[str, str | int]:
        """Return one problem of `holdfast inventory validate --json`."""
        return {"file": str(self.file), "line": self.line, "key": self.key, "what": self.what, "hint": self.hint}


@dataclass(frozen=True)
class Remark:
    """A warning: something in one file that is allowed and still deserves a look; `code` is stable."""

    code: str
    file: Path
    line: int
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.text} ({self.file.name}:{self.line})"

    def to_json(self) -> dict[str, str | int]:
        """Return one warning of `holdfast inventory validate --json`."""
        return {"code": self.code, "file": str(self.file), "line": self.line, "key": self.key, "text": self.text}


class SiteError(UsageError):
    """The site cannot be used; carries every problem found (exit 2)."""

    def __init__(self, problems: Iterable[Problem], *, hint: str = "") -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{count} {'problem' if count == 1 else 'problems'} in the site:\n{lines}", hint=hint)


@dataclass(frozen=True)
class Document:
    """One YAML file's data with the line of every key."""

    file: Path
    data: Any
    lines: Mapping[Location, int] = field(default_factory=dict)

    def line(self, location: Location) -> int:
        """Return the line of `location`, or of the nearest part of it that was written."""
        for end in range(len(location), -1, -1):
            if (found := self.lines.get(location[:end])) is not None:
                return found
        return 1

    def problem(self, location: Location, what: str, hint: str = "") -> Problem:
        """Return a fault at `location` of this file."""
        return Problem(self.file, self.line(location), ".".join(map(str, location)), what, hint)

    def remark(self, code: str, location: Location, text: str) -> Remark:
        """Return a warning about `location` of this file."""
        return Remark(code, self.file, self.line(location), ".".join(map(str, location)), text)


class _Lines(Mapping[Location, int]):
    """The lines of a text, found when first asked for: a site without faults is never asked."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _found(self) -> dict[Location, int]:
        return parse.positions(self._text)

    def __getitem__(self, place: Location) -> int:
        return self._found[place]

    def __iter__(self) -> Iterator[Location]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def near(name: str, known: Iterable[str], title: str) -> str:
    """Return a hint for a name nobody knows: the one that was meant, or those there are."""
    names = list(known)
    alike = (one for one in names if abs(len(one) - len(name)) <= _FEW_LETTERS and one[:1] == name[:1])
    if close := get_close_matches(name, list(islice(alike, _MOST_COMPARED)), 1):
        return f"did you mean {close[0]}?"
    more = f", and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{title}: {', '.join(names[:_MOST_NAMED]) or 'none'}{more}"


def read(file: Path, found: list[Problem] | None = None) -> Document:
    """Read one YAML file. With `found`, keys written twice are put there (the first one counts) and reading goes on.

    Raises:
        SiteError: not there, not readable, no regular file, too large, not YAML, or, without `found`, a key is
            written twice.
    """
    try:
        text = io.TextIOWrapper(io.BytesIO(content.read(file)), encoding="utf-8").read()
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError([Problem(file, 1, "", f"cannot be read: {_reason(error)}", _remedy(error))]) from error
    if text.startswith(_ENCRYPTED):
        raise SiteError([Problem(file, 1, "", "is encrypted as a whole", "keep only the secrets themselves encrypted")])
    try:
        data, twice = parse.build(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SiteError([Problem(file, line, "", f"not valid YAML: {error.problem}")]) from error
    except yaml.reader.ReaderError as error:
        raise SiteError([Problem(file, _line(text, error), "", f"not valid YAML: {error.reason}")]) from error
    except (yaml.YAMLError, ValueError) as error:
        raise SiteError([Problem(file, 1, "", f"not valid YAML: {error}")]) from error
    again = [
        Problem(file, line, ".".join(map(str, place)), "written twice", "keep one of them") for place, line in twice
    ]
    if again and found is None:
        raise SiteError(again)
    if found is not None:
        found += again
    return Document(file, data, _Lines(text))


def _line(text: str, error: yaml.reader.ReaderError) -> int:
    """Return the line of a character that may not be there; libyaml counts bytes, PyYAML characters."""
    before = text.encode()[: error.position] if parse.FAST else text[: error.position].encode()
    return before.count(b"\n") + 1


def load(file: Path, model: type[Model], found: list[Problem]) -> tuple[Document, Model]:
    """Read one YAML file as `model`; keys written twice are put into `found`.

    Raises:
        SiteError: every fault, those in `found` first.
    """
    try:
        document = read(file, found)
        return document, validate(document, model)
    except SiteError as error:
        raise SiteError([*found, *error.problems]) from error


def validate(document: Document, model: type[Model], location: Location = (), data: Any = None) -> Model:
    """Read `data` (default: the whole document) found at `location` as `model`.

    Raises:
        SiteError: every fault the model finds, each with its line.
    """
    value = document.data if data is None and not location else data
    try:
        return model.model_validate({} if value is None else value)
    except ValidationError as error:
        raise SiteError(_problems(document, location, error, model)) from error


def _problems(document: Document, location: Location, error: ValidationError, model: type[Model]) -> list[Problem]:
    found: dict[tuple[Location, str], Problem] = {}
    for item in error.errors():
        place = _written(document, location, item["loc"])
        match item["type"]:
            case "extra_forbidden":
                what, hint = _unknown(str(item["loc"][-1]), model)
            case "missing":
                what, hint = f"{item['loc'][-1]} is missing", ""
            case "model_type" | "model_attributes_type":
                what, hint = "must be a mapping", "write it as `key: value` lines"
            case "string_pattern_mismatch":
                what, hint = f"{item['input']!r} does not fit", f"it must match {item['ctx']['pattern']}"
            case kind if kind in _PLAINLY:
                what, hint = _PLAINLY[kind]
            case _:
                what, hint = item["msg"].removeprefix("Value error, ").replace("Input should be", "must be"), ""
        found.setdefault((place, what), document.problem(place, what, hint))
    return list(found.values())


def _unknown(key: str, model: type[BaseModel]) -> tuple[str, str]:
    if key in (known := _keys(model)):
        return "does not belong here", "remove it, or write it where it belongs"
    close = get_close_matches(key, known, 1)
    return "unknown key", f"did you mean {close[0]}?" if close else "remove it"


def _written(document: Document, location: Location, inner: Location) -> Location:
    """Return the part of a fault's place that the user wrote; the names of union members drop out."""
    for part in inner:
        if (*location, part) in document.lines:
            location = (*location, part)
    return location


@cache
def _keys(model: type[BaseModel]) -> tuple[str, ...]:
    """Return every key that a model and those inside it know."""
    found = {info.alias or name for inside in _models(model, set()) for name, info in inside.model_fields.items()}
    return tuple(sorted(found))


def _models(kind: Any, seen: set[Any]) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind in seen:
            return
        seen.add(kind)
        yield kind
        for field_info in kind.model_fields.values():
            yield from _models(field_info.annotation, seen)
    for part in get_args(kind):
        yield from _models(part, seen)


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"


def _remedy(error: Exception) -> str:
    return error.hint if isinstance(error, content.UnfitFileError) else ""
