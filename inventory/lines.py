"""YAML with a memory: plain data, and the line every key was written on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from inventory.errors import UsageError

_MOST_KEYS = 200_000

Location = tuple[str | int, ...]
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


class _Loader(yaml.SafeLoader):
    """Safe YAML that leaves dates, and what Ansible keeps encrypted or unsafe, as text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag in ("!vault", "!vault-encrypted", "!unsafe"):
    _Loader.add_constructor(_tag, lambda _, node: str(node.value))


def read(file: Path) -> Document:
    """Read one YAML file.

    Raises:
        SiteError: not there, not readable, not YAML, or a key is written twice.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError([Problem(file, 1, "", f"cannot be read: {_reason(error)}")]) from error
    try:
        return _document(file, text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SiteError([Problem(file, line, "", f"not valid YAML: {error.problem}")]) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SiteError([Problem(file, line, "", f"not valid YAML: {error.reason}")]) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SiteError([Problem(file, 1, "", f"not valid YAML: {error}")]) from error


def _document(file: Path, text: str) -> Document:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Document(file, None, {})
        lines: dict[Location, int] = {}
        if problems := list(_walk(file, node, (), lines)):
            raise SiteError(problems)
        return Document(file, loader.construct_document(node), lines)
    finally:
        loader.dispose()


def validate(document: Document, model: type[Model], location: Location = (), data: Any = None) -> Model:
    """Read `data` (default: the whole document) found at `location` as `model`.

    Raises:
        SiteError: every fault the model finds, each with its line.
    """
    value = document.data if data is None and not location else data
    try:
        return model.model_validate({} if value is None else value)
    except ValidationError as error:
        raise SiteError(_problems(document, location, error)) from error


def _problems(document: Document, location: Location, error: ValidationError) -> list[Problem]:
    found: dict[tuple[Location, str], Problem] = {}
    for item in error.errors():
        place = _written(document, location, item["loc"])
        match item["type"]:
            case "extra_forbidden":
                what, hint = "unknown key", "look for a spelling mistake, or remove it"
            case "missing":
                what, hint = f"{item['loc'][-1]} is missing", ""
            case "model_type" | "model_attributes_type":
                what, hint = "must be a mapping", "write it as `key: value` lines"
            case _:
                what, hint = item["msg"].removeprefix("Value error, ").replace("Input should be", "must be"), ""
        found.setdefault((place, what), document.problem(place, what, hint))
    return list(found.values())


def _written(document: Document, location: Location, inner: Location) -> Location:
    """Return the part of a fault's place that the user wrote; the names of union members drop out."""
    for part in inner:
        if (*location, part) in document.lines:
            location = (*location, part)
    return location


def _walk(file: Path, node: yaml.Node, here: Location, lines: dict[Location, int]) -> Iterable[Problem]:
    lines.setdefault(here, node.start_mark.line + 1)
    if len(lines) > _MOST_KEYS:
        raise ValueError(f"more than {_MOST_KEYS} keys, aliases counted each time")
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value)
            place = (*here, name)
            if place in lines:
                yield Problem(file, key.start_mark.line + 1, ".".join(map(str, place)), "written twice")
                continue
            lines[place] = key.start_mark.line + 1
            yield from _walk(file, value, place, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _walk(file, value, (*here, index), lines)


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8 text"
