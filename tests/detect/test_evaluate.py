"""The hard cases of the specification, one vector each; issue numbers of other engines are where they came from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detect.evaluate import compiled
from detect.event import Event
from detect.patterns import PatternError
from detect.rule import Match, Null, Or, Regex, Text, Wild
from tests.detect.making import fires

S = "condition: s"
Vector = tuple[str, dict[str, Any], bool]

VECTORS: dict[str, list[Vector]] = {
    "not of an absent field is true": [
        (f"s: {{a: 1}}\nf: {{b: x}}\n{S} and not f", {"a": 1}, True),
        (f"s: {{a: 1}}\nf: {{b: x}}\n{S} and not f", {"a": 1, "b": "x"}, False),
        (f"s: {{a: 1}}\nf: {{b|contains: x}}\n{S} and not f", {"a": 1, "b": None}, True),
        ("s: {b|re: x}\ncondition: not s", {"a": 1}, True),
        ("s: {b|cidr: 10.0.0.0/8}\ncondition: not s", {}, True),
        ("s: {b|gt: 5}\ncondition: not s", {}, True),
        ("s: {b|fieldref: c}\ncondition: not s", {"c": "x"}, True),
    ],
    "null is absent, empty text is not": [
        (f"s: {{a: null}}\n{S}", {}, True),
        (f"s: {{a: null}}\n{S}", {"a": None}, True),
        (f"s: {{a: null}}\n{S}", {"a": []}, True),
        (f"s: {{a: null}}\n{S}", {"a": ""}, False),
        (f"s: {{a: null}}\n{S}", {"a": 0}, False),
        (f"s: {{a: ''}}\n{S}", {"a": ""}, True),
        (f"s: {{a: ''}}\n{S}", {}, False),
        (f"s: {{a: ''}}\n{S}", {"a": None}, False),
    ],
    "exists asks for presence alone": [
        (f"s: {{a|exists: true}}\n{S}", {"a": None}, True),
        (f"s: {{a|exists: true}}\n{S}", {"a": {"b": 1}}, True),
        (f"s: {{a|exists: true}}\n{S}", {"ab": 1}, False),
        (f"s: {{a|exists: false}}\n{S}", {}, True),
        (f"s: {{a|exists: false}}\n{S}", {"a": ""}, False),
    ],
    "text is matched without case unless asked": [
        (f"s: {{a: CMD.exe}}\n{S}", {"a": "cmd.EXE"}, True),
        (f"s: {{a|cased: CMD.exe}}\n{S}", {"a": "cmd.EXE"}, False),
        (f"s: {{a|contains|cased: MD}}\n{S}", {"a": "CMD.exe"}, True),
        (f"s: {{a: straße}}\n{S}", {"a": "STRAßE"}, True),
        (f"s: {{a|contains: ΣΑΣ}}\n{S}", {"a": "σας"}, True),
        (f"s: {{a: \u212aelvin}}\n{S}", {"a": "kelvin"}, True),
        (f"s: {{a: ĐÀ NẴNG}}\n{S}", {"a": "đà nẵng"}, True),
        (f"s: {{A: x}}\n{S}", {"a": "x"}, False),
    ],
    "wildcards are anchored at both ends": [
        (f"s: {{a: Sec?rity}}\n{S}", {"a": "Security"}, True),
        (f"s: {{a: Sec?rity}}\n{S}", {"a": "a Security log"}, False),
        (f"s: {{a: a?c}}\n{S}", {"a": "ac"}, False),
        (f"s: {{a: a*c}}\n{S}", {"a": "a\nb\nc"}, True),
        (f"s: {{a|contains: b*d}}\n{S}", {"a": "abcde"}, True),
        (f"s: {{a|startswith: b*d}}\n{S}", {"a": "abcde"}, False),
        (f"s: {{a: '*'}}\n{S}", {"a": ""}, True),
        (f"s: {{a: '*'}}\n{S}", {}, False),
        (f"s: {{a: '?'}}\n{S}", {"a": "ß"}, True),
    ],
    "escapes": [
        (f"s: {{a: 'a\\*b'}}\n{S}", {"a": "a*b"}, True),
        (f"s: {{a: 'a\\*b'}}\n{S}", {"a": "axb"}, False),
        (f"s: {{a: 'a\\?b'}}\n{S}", {"a": "axb"}, False),
        (f"s: {{a: 'a\\\\*b'}}\n{S}", {"a": "a\\xxb"}, True),
        (f"s: {{a: 'a\\\\\\*b'}}\n{S}", {"a": "a\\*b"}, True),
        (f"s: {{a: 'C:\\dir\\'}}\n{S}", {"a": "c:\\dir\\"}, True),
        (f"s: {{a|contains: '\\\\\\*\\\\IPC$'}}\n{S}", {"a": "x\\*\\IPC$"}, True),
    ],
    "a regular expression is a search, with case": [
        (f"s: {{a|re: 'b.d'}}\n{S}", {"a": "abcde"}, True),
        (f"s: {{a|re: 'B.D'}}\n{S}", {"a": "abcde"}, False),
        (f"s: {{a|re|i: 'B.D'}}\n{S}", {"a": "abcde"}, True),
        (f"s: {{a|re: '^b'}}\n{S}", {"a": "abc"}, False),
        (f"s: {{a|re: '^b'}}\n{S}", {"a": "a\nb"}, False),
        (f"s: {{a|re|m: '^b'}}\n{S}", {"a": "a\nb"}, True),
        (f"s: {{a|re: 'a.b'}}\n{S}", {"a": "a\nb"}, False),
        (f"s: {{a|re|s: 'a.b'}}\n{S}", {"a": "a\nb"}, True),
        (f"s: {{a|re: '^\\d+$'}}\n{S}", {"a": 4624}, True),
        (f"s: {{a|re: 'x(?!y)'}}\n{S}", {"a": "xz"}, True),
        (f"s: {{a|re: 'x'}}\n{S}", {"a": "\ud800x"}, True),
    ],
    "numbers and texts": [
        (f"s: {{a: 5}}\n{S}", {"a": 5}, True),
        (f"s: {{a: 5}}\n{S}", {"a": "5"}, True),
        (f"s: {{a: 5}}\n{S}", {"a": 5.0}, True),
        (f"s: {{a: 5}}\n{S}", {"a": "5.0"}, True),
        (f"s: {{a: 5}}\n{S}", {"a": "0x5"}, False),
        (f"s: {{a: 5}}\n{S}", {"a": True}, False),
        (f"s: {{a: 1}}\n{S}", {"a": True}, False),
        (f"s: {{a: '5'}}\n{S}", {"a": 5}, True),
        (f"s: {{a|contains: '46'}}\n{S}", {"a": 4624}, True),
        (f"s: {{a: 18446744073709551615}}\n{S}", {"a": 18446744073709551615}, True),
        (f"s: {{a: 18446744073709551615}}\n{S}", {"a": 18446744073709551614}, False),
        (f"s: {{a|gt: 5}}\n{S}", {"a": "6"}, True),
        (f"s: {{a|gte: 5}}\n{S}", {"a": 5}, True),
        (f"s: {{a|lt: 5}}\n{S}", {"a": 5}, False),
        (f"s: {{a|lte: 5}}\n{S}", {"a": 4.9}, True),
        (f"s: {{a|gt: 5}}\n{S}", {"a": "many"}, False),
    ],
    "true and 'true'": [
        (f"s: {{a: 'true'}}\n{S}", {"a": True}, True),
        (f"s: {{a: true}}\n{S}", {"a": "true"}, True),
        (f"s: {{a: true}}\n{S}", {"a": True}, True),
        (f"s: {{a: true}}\n{S}", {"a": 1}, False),
        (f"s: {{a: false}}\n{S}", {"a": True}, False),
        (f"s: {{a: false}}\n{S}", {}, False),
    ],
    "arrays match by any member": [
        (f"s: {{a: x}}\n{S}", {"a": ["y", "x"]}, True),
        (f"s: {{a: '[*'}}\n{S}", {"a": ["y", "x"]}, False),
        (f"s: {{a|contains: '\\\\\\\\'}}\n{S}", {"a": ["one\\two"]}, False),
        (f"s: {{a|contains|all: [x, y]}}\n{S}", {"a": ["x", "y"]}, True),
        (f"s: {{a.b: 2}}\n{S}", {"a": [{"b": 1}, {"b": 2}]}, True),
        (f"s: {{a|gt: 5}}\n{S}", {"a": [1, 9]}, True),
    ],
    "dotted names find nested and flattened keys": [
        (f"s: {{user.name: x}}\n{S}", {"user": {"name": "x"}}, True),
        (f"s: {{user.name: x}}\n{S}", {"user.name": "x"}, True),
        (f"s: {{user.name: x}}\n{S}", {"user": {"name": "y"}, "user.name": "x"}, True),
        (f"s: {{user: x}}\n{S}", {"user": {"name": "x"}}, False),
    ],
    "addresses": [
        (f"s: {{a|cidr: 10.0.0.0/8}}\n{S}", {"a": "10.1.2.3"}, True),
        (f"s: {{a|cidr: 10.0.0.0/8}}\n{S}", {"a": "::ffff:10.1.2.3"}, True),
        (f"s: {{a|cidr: 10.0.0.0/8}}\n{S}", {"a": "11.1.2.3"}, False),
        (f"s: {{a|cidr: '::1/128'}}\n{S}", {"a": "0:0:0:0:0:0:0:1"}, True),
        (f"s: {{a|cidr: 'fe80::/10'}}\n{S}", {"a": "fe80::1%eth0"}, True),
        (f"s: {{a|cidr: 10.0.0.0/8}}\n{S}", {"a": "-"}, False),
        (f"s: {{a|cidr: 10.0.0.0/8}}\n{S}", {"a": "10.0.0.1:443"}, False),
        (f"s: {{a|cidr: 10.0.0.0/8}}\n{S}", {"a": 167772161}, False),
    ],
    "other fields": [
        (f"s: {{a|fieldref: b}}\n{S}", {"a": "X", "b": "x"}, True),
        (f"s: {{a|fieldref: b}}\n{S}", {"a": "x"}, False),
        (f"s: {{a|fieldref: b}}\n{S}", {}, False),
        (f"s: {{a|fieldref|endswith: b}}\n{S}", {"a": "xyz", "b": "YZ"}, True),
        (f"s: {{a|fieldref|startswith: b}}\n{S}", {"a": "xyz", "b": "yz"}, False),
        (f"s: {{a|fieldref|contains: b}}\n{S}", {"a": "xyz", "b": "y"}, True),
    ],
    "keywords look everywhere": [
        (f"s: [bad word, other]\n{S}", {"x": {"y": "a BAD WORD here"}}, True),
        (f"s: [bad word]\n{S}", {"x": "badword"}, False),
        (f"s: ['b*d']\n{S}", {"x": "a big dog"}, True),
        (f"s: {{'|all': [one, two]}}\n{S}", {"x": "one", "y": "two"}, True),
        (f"s: {{'|all': [one, two]}}\n{S}", {"x": "one"}, False),
        (f"s: [4624]\n{S}", {"x": 4624}, True),
        (f"s: {{'|re': 'b.d'}}\n{S}", {"x": "abcde"}, True),
    ],
    "quantities of selections": [
        ("a_1: {a: 1}\na_2: {b: 1}\ncondition: 1 of a_*", {"b": 1}, True),
        ("a_1: {a: 1}\na_2: {b: 1}\ncondition: all of a_*", {"b": 1}, False),
        ("a_1: {a: 1}\na_2: {b: 1}\ncondition: all of them", {"a": 1, "b": 1}, True),
        ("a: {a: 1}\nf_1: {b: 1}\nf_2: {c: 1}\ncondition: a and not 1 of f_*", {"a": 1, "c": 1}, False),
        ("a: [{a: 1}, {b: 1, c: 1}]\ncondition: a", {"b": 1, "c": 1}, True),
        ("a: [{a: 1}, {b: 1, c: 1}]\ncondition: a", {"b": 1}, False),
        ("notepad: {a: 1}\ncondition: notepad", {"a": 1}, True),
    ],
    "dashes and encodings": [
        (f"s: {{a|windash|contains: ' -enc'}}\n{S}", {"a": "ps /enc x"}, True),
        (f"s: {{a|windash|contains: ' -enc'}}\n{S}", {"a": "ps \u2013enc x"}, True),
        (f"s: {{a|contains|all|windash: [' -a', ' -b']}}\n{S}", {"a": "x /a -b"}, True),
        (f"s: {{a|contains|all|windash: [' -a', ' -b']}}\n{S}", {"a": "x /a"}, False),
        (f"s: {{a|base64offset|contains: 'http://'}}\n{S}", {"a": "eGh0dHA6Ly94"}, True),
        (f"s: {{a|base64offset|contains: 'http://'}}\n{S}", {"a": "EGH0DHA6LY94"}, False),
        (f"s: {{a|wide|base64offset|contains: ping}}\n{S}", {"a": "cABpAG4AZwA="}, True),
        (f"s: {{a|neq: x}}\n{S}", {"a": "y"}, True),
        (f"s: {{a|neq: x}}\n{S}", {"a": "X"}, False),
    ],
    "parts of a moment are in UTC": [
        (f"s: {{a|hour: 3}}\n{S}", {"a": "2026-11-23T10:10:00+07:00"}, True),
        (f"s: {{a|hour: 3}}\n{S}", {"a": "2026-11-23T03:10:00"}, True),
        (f"s: {{a|week: 48}}\n{S}", {"a": "2026-11-23T03:10:00Z"}, True),
        (f"s: {{a|hour: 3}}\n{S}", {"a": "at three"}, False),
    ],
}


@pytest.mark.parametrize(
    ("detection", "data", "expected"),
    [pytest.param(*vector, id=f"{name} {n}") for name, rows in VECTORS.items() for n, vector in enumerate(rows)],
)
def test_an_event_is_judged_as_the_specification_says(detection: str, data: dict[str, Any], expected: bool) -> None:
    assert fires(detection, data) is expected


def test_a_keyword_is_looked_for_in_the_raw_line_too() -> None:
    assert fires("s: [segfault]\ncondition: s", {"message": "x"}, raw="kernel: SEGFAULT at 0")


def test_a_keyword_that_needs_a_field_is_refused_when_made_ready() -> None:
    with pytest.raises(ValueError, match="needs a field"):
        compiled(Match(None, Null()))


def test_an_expression_no_engine_can_run_is_refused_when_made_ready() -> None:
    with pytest.raises(PatternError):
        compiled(Match("a", Regex("(?P<a>x)(?P>a)")))


WORDS = st.lists(st.one_of(st.sampled_from(list(Wild)), st.text("aB\u03c3\u03c2", min_size=1, max_size=2)), max_size=3)


@given(
    st.lists(st.tuples(st.sampled_from("xy"), WORDS, st.booleans()), min_size=1, max_size=5),
    st.text("AbS\u03a3", max_size=4),
)
def test_a_list_of_values_is_judged_like_each_of_them(
    rows: list[tuple[str, list[str | Wild], bool]], value: str
) -> None:
    parts = tuple(Match(field, Text(tuple(words), cased)) for field, words, cased in rows)
    there = Event({"x": value, "y": [value, "b"]})
    assert compiled(Or(parts))(there) is any(compiled(part)(there) for part in parts)
