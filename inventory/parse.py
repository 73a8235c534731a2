"""YAML text to plain data in one pass, and, only when somebody asks, the line of every key.

The events come from libyaml where it is there (Ansible reads with it too), else from PyYAML's own parser. Dates stay
text. What Ansible keeps encrypted or untemplated is text that remembers it: `Vaulted`, `Unsafe`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import yaml

Location = tuple[str | int, ...]
Duplicate = tuple[Location, int]

MOST_VALUES = 200_000
DEEPEST = 200

_YAML = "tag:yaml.org,2002:"
_Events = Any


class Vaulted(str):
    """Text that Ansible keeps encrypted."""

    __slots__ = ()


class Unsafe(str):
    """Text that Ansible never takes for a template."""

    __slots__ = ()


class _Python(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's own parser, for where libyaml is missing."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


PARSERS: dict[str, _Events] = {"python": _Python}
if yaml.__with_libyaml__:
    from yaml import cyaml

    PARSERS["libyaml"] = cyaml.CParser  # type: ignore[attr-defined]
FAST = "libyaml" in PARSERS


def build(text: str, parser: str = "") -> tuple[Any, list[Duplicate]]:
    """Return the data of the one document in `text`, and every key that is written twice in one mapping.

    Raises:
        yaml.YAMLError: not YAML, a tag nobody knows, two documents, too many values, too deep.
    """
    return _Builder(_chosen(PARSERS, parser)(text)).document()


def _chosen(parsers: dict[str, _Events], name: str) -> _Events:
    return parsers[name] if name else parsers.get("libyaml", parsers["python"])


def _fault(what: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.composer.ComposerError(None, None, what, event.start_mark)


# --- scalars --------------------------------------------------------------------------------------------------------

_RESOLVERS = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != f"{_YAML}timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_SCALARS: dict[str, Callable[[str], Any]] = {
    f"{_YAML}str": str,
    f"{_YAML}timestamp": str,
    f"{_YAML}binary": str,
    f"{_YAML}merge": str,
    f"{_YAML}null": lambda _: None,
    f"{_YAML}bool": lambda text: _CONSTRUCTOR.construct_yaml_bool(yaml.ScalarNode(f"{_YAML}bool", text)),
    f"{_YAML}int": lambda text: _CONSTRUCTOR.construct_yaml_int(yaml.ScalarNode(f"{_YAML}int", text)),
    f"{_YAML}float": lambda text: _CONSTRUCTOR.construct_yaml_float(yaml.ScalarNode(f"{_YAML}float", text)),
    "!vault": Vaulted,
    "!vault-encrypted": Vaulted,
    "!unsafe": Unsafe,
}
_COLLECTIONS = {None, "!", "!unsafe", *(f"{_YAML}{name}" for name in ("map", "seq", "set", "omap", "pairs"))}


def _value(tag: str, text: str) -> Any:
    if tag not in _SCALARS:
        raise ValueError(f"could not determine a constructor for the tag {tag!r}")
    try:
        return _SCALARS[tag](text)
    except (ValueError, KeyError, IndexError) as error:
        raise ValueError(f"{text!r} is no {tag.removeprefix(_YAML)}") from error


class _Plain(dict[str, Any]):
    """What plain scalars mean by the rules of YAML 1.1; each is worked out once."""

    def __missing__(self, text: str) -> Any:
        value: Any = text
        for tag, pattern in _RESOLVERS.get(text[:1], ()):
            if pattern.match(text):
                value = _value(tag, text)
                break
        self[text] = value
        return value


_PLAIN = _Plain()
_MOST_PLAIN = 20_000


# --- data -----------------------------------------------------------------------------------------------------------

_NONE: Any = object()
"""No key was read yet."""
_MERGE: Any = object()
_TWICE: Any = object()
_Box = dict[Any, Any] | list[Any]


class _Builder:
    """Build the data from events with a stack of our own: no depth of nesting can exhaust Python's stack or C's.

    `_box` is the collection being read, `_key` the key whose value comes next, `_above` what was being read before.
    """

    def __init__(self, parser: Any) -> None:
        self._next = parser.get_event
        if len(_PLAIN) > _MOST_PLAIN:
            _PLAIN.clear()
        self._box: _Box = []
        self._key: Any = _NONE
        self._above: list[tuple[_Box, Any, str | None, int]] = []
        self._merged: dict[int, list[dict[Any, Any]]] = {}
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0
        self._duplicates: list[Duplicate] = []

    def document(self) -> tuple[Any, list[Duplicate]]:
        """Read everything; the outermost box holds the one document."""
        self._next()  # the stream begins
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None, []
        plain, scalar = _PLAIN, yaml.ScalarEvent
        event = self._next()
        while type(event) is not yaml.DocumentEndEvent:
            self._values += 1
            if type(event) is scalar:
                try:
                    if event.tag is None:
                        value = plain[event.value] if event.implicit[0] else event.value
                    else:
                        value = _tagged(event, plain)
                except ValueError as error:
                    raise _fault(str(error), event) from error
                if event.anchor is not None:
                    self._anchors[event.anchor] = (value, 1)
                self._put(value, event)
            else:
                self._collection(event)
            event = self._next()
        end = self._next()
        if not isinstance(end, yaml.StreamEndEvent):
            raise _fault("but found another document", end)
        return self._box[0], self._duplicates

    def _put(self, value: Any, event: Any) -> None:
        """Take a scalar or a finished collection to where it belongs."""
        box, key = self._box, self._key
        if type(box) is list:
            box.append(value)
        elif key is _NONE:
            self._key = value
            if event.__class__ is not yaml.ScalarEvent or value in box or value == "<<":
                self._odd_key(value, event)
        elif key is _MERGE:
            self._key = _NONE
            self._merge(value, event)
        else:
            self._key = _NONE
            if key is not _TWICE:
                box[key] = value

    def _odd_key(self, value: Any, event: Any) -> None:
        if isinstance(value, dict | list):
            raise _fault("a key must be text, not a list or a mapping", event)
        is_merge = value == "<<" and getattr(event, "implicit", (False,))[0]
        if value in self._box or (is_merge and id(self._box) in self._merged):
            self._duplicates.append(((*self._place(), str(value)), event.start_mark.line + 1))
            self._key = _TWICE
        elif is_merge:
            self._key = _MERGE

    def _merge(self, value: Any, event: Any) -> None:
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in found):
            raise _fault("expected a mapping or list of mappings for merging", event)
        self._merged[id(self._box)] = found

    def _place(self) -> Iterator[str | int]:
        """Yield the way to the collection being read."""
        for box, key, *_ in self._above[1:]:
            yield len(box) if isinstance(box, list) else str(key)

    def _collection(self, event: Any) -> None:
        match event:
            case yaml.MappingStartEvent():
                self._begin({}, event)
            case yaml.SequenceStartEvent():
                self._begin([], event)
            case yaml.AliasEvent():
                if event.anchor not in self._anchors:
                    raise _fault(f"found undefined alias {event.anchor!r}", event)
                value, size = self._anchors[event.anchor]
                self._values += size
                self._put(value, event)
            case _:
                self._end(event)
        if self._values > MOST_VALUES:
            raise _fault(f"more than {MOST_VALUES} values, aliases counted each time", event)

    def _begin(self, box: _Box, event: Any) -> None:
        if event.tag not in _COLLECTIONS:
            raise _fault(f"could not determine a constructor for the tag {event.tag!r}", event)
        if len(self._above) >= DEEPEST:
            raise _fault(f"nested deeper than {DEEPEST} levels", event)
        if isinstance(self._box, dict) and self._key is _NONE:
            raise _fault("a key must be text, not a list or a mapping", event)
        self._above.append((self._box, self._key, event.anchor, self._values))
        self._box, self._key = box, _NONE

    def _end(self, event: Any) -> None:
        done: Any = self._box
        if merged := self._merged.pop(id(done), None):
            own, done = done, {}
            for mapping in reversed(merged):
                done.update(mapping)
            done.update(own)
        self._box, self._key, anchor, before = self._above.pop()
        if anchor is not None:
            self._anchors[anchor] = (done, self._values - before)
        self._put(done, event)


def _tagged(event: Any, plain: _Plain) -> Any:
    if event.tag == "!":
        return plain[event.value] if event.implicit[0] else event.value
    return _value(event.tag, event.value)


# --- lines ----------------------------------------------------------------------------------------------------------


class _Untagged:
    """Nodes without tags: only their places are wanted."""

    def resolve(self, *_: Any) -> str:
        return ""

    descend_resolver = ascend_resolver = resolve


class _PythonNodes(_Untagged, _Python, yaml.composer.Composer):
    def __init__(self, text: str) -> None:
        _Python.__init__(self, text)
        yaml.composer.Composer.__init__(self)


_COMPOSERS: dict[str, _Events] = {"python": _PythonNodes}
if yaml.__with_libyaml__:
    _COMPOSERS["libyaml"] = type("_FastNodes", (_Untagged, PARSERS["libyaml"]), {})


def positions(text: str, parser: str = "") -> dict[Location, int]:
    """Return the line (from 1) of each key and list item of a document that `build` could read, aliases followed."""
    node = _chosen(_COMPOSERS, parser)(text).get_single_node()
    lines: dict[Location, int] = {}
    if node is not None:
        _walk(node, (), lines)
    return lines


def _walk(node: yaml.Node, here: Location, lines: dict[Location, int]) -> None:
    lines.setdefault(here, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = (*here, str(key.value))
            if place not in lines:
                lines[place] = key.start_mark.line + 1
                _walk(value, place, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*here, index), lines)
