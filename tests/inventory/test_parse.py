from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from inventory import parse
from inventory.parse import Unsafe, Vaulted


class Oracle(yaml.SafeLoader):
    """The slow way: PyYAML's own loader, with dates as text."""


Oracle.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag in ("!vault", "!vault-encrypted", "!unsafe"):
    Oracle.add_constructor(_tag, lambda _, node: str(node.value))


def slow(text: str) -> tuple[Any, dict[parse.Location, int]]:
    """Read data and lines with PyYAML's nodes."""
    node = yaml.compose(text, Oracle)
    lines: dict[parse.Location, int] = {}

    def walk(node: yaml.Node, here: parse.Location) -> None:
        lines.setdefault(here, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                lines[(*here, str(key.value))] = key.start_mark.line + 1
                walk(value, (*here, str(key.value)))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                walk(value, (*here, index))

    if node is not None:
        walk(node, ())
    return yaml.load(text, Oracle), lines


parsers = pytest.mark.parametrize("parser", sorted(parse.PARSERS))

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff\u2028\u2029\x85")),
    st.sampled_from(
        ["yes", "null", "~", "012", "0x1f", "1:30", "1_000", "1e3", ".inf", "2026-01-31", "{{ x }}", "<<", "="]
    ),
)
DATA = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), inner, max_size=4)
    ),
    max_leaves=30,
)


@parsers
@given(data=DATA, flow=st.sampled_from([True, False, None]), wide=st.booleans())
def test_every_document_reads_as_the_slow_loader_reads_it(
    parser: str, data: Any, flow: bool | None, wide: bool
) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True, width=200 if wide else 20)
    expected, lines = slow(text)
    assert parse.build(text, parser) == (expected, [])
    assert parse.positions(text, parser) == lines


WORDS = st.sampled_from(
    [
        *("a", "b: 1", "- x", "  c: 2", "&x", "*x", "<<: *x", "[1, 2]", "{k: v}", "? q", ": z", "# note", ">"),
        *("  text", "!vault s", "!unsafe 't'", "!!int '3'", "!!str 4", "! 5", "'it''s'", '"\\n"', "yes", "---"),
        *("...", "%TAG", "<<: [{m: 1}, {m: 2}]"),
    ]
)


@parsers
@given(st.lists(WORDS, max_size=8).map("\n".join))
def test_a_text_of_odd_pieces_reads_as_before_or_is_refused_as_before(parser: str, text: str) -> None:
    try:
        expected, lines = slow(text)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return  # what the slow loader refuses, the fast one may refuse with other words; data it never makes up
    try:
        data, twice = parse.build(text, parser)
    except yaml.YAMLError as error:
        assert parser == "libyaml" or "*x" in text, error  # libyaml takes fewer odd texts; none contains itself
        return
    if not twice:
        assert data == expected
        if parser == "python":  # libyaml puts what is not there, such as an empty document, onto another line
            assert parse.positions(text, parser) == lines


@parsers
def test_merged_keys_count_less_than_those_written_and_the_first_of_several_wins(parser: str) -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], c: 3}\n"
    data, _ = parse.build(text, parser)
    assert data == slow(text)[0]
    assert data["z"] == {"a": 1, "b": 1, "c": 3}


@parsers
def test_dates_are_text_and_what_ansible_hides_says_so(parser: str) -> None:
    data, _ = parse.build("day: 2026-01-31\ns: !vault |\n  $ANSIBLE_VAULT;1.1\nu: !unsafe '{{ x }}'\n", parser)
    assert data == {"day": "2026-01-31", "s": "$ANSIBLE_VAULT;1.1\n", "u": "{{ x }}"}
    assert (type(data["s"]), type(data["u"])) == (Vaulted, Unsafe)


@parsers
def test_keys_written_twice_are_told_with_their_way_and_line(parser: str) -> None:
    text = "a:\n  - b: 1\n    c: {d: 1, d: 2}\n    b: 2\nx: 1\nx: 2\n"
    assert parse.build(text, parser)[1] == [(("a", 0, "c", "d"), 3), (("a", 0, "b"), 4), (("x",), 6)]


@parsers
@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[" * 3000, "nested deeper than 200 levels"),
        ("- " * 3000, "nested deeper than 200 levels"),
        ("a: 1\n---\nb: 2", "another document"),
        ("? [a]\n: 1", "a key must be text"),
        ("a: &x [1]\n? *x\n: 1", "a key must be text"),
        ("a: *nowhere", "alias"),
        ("a: !python/object:os.system x", "constructor"),
        ("a: !python/object:os.system {x: 1}", "constructor"),
        ("<<: 1", "for merging"),
        ("a: " + "1" * 5000, "is no int"),
    ],
)
def test_what_cannot_be_read_is_refused(parser: str, text: str, what: str) -> None:
    with pytest.raises(yaml.YAMLError, match=what):
        parse.build(text, parser)


@parsers
def test_aliases_count_each_time_they_are_used(parser: str) -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    with pytest.raises(yaml.YAMLError, match="more than 200000 values"):
        parse.build(text, parser)
    with pytest.raises(yaml.YAMLError):
        parse.build("a: &x [*x]", parser)


@parsers
def test_nothing_is_nothing(parser: str) -> None:
    for text in ("", "# a note\n", "\n\n"):
        assert parse.build(text, parser) == (None, [])
        assert parse.positions(text, parser) == {}


def test_libyaml_is_used_where_it_is() -> None:
    assert yaml.__with_libyaml__ == parse.FAST
