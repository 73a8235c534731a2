from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from board import render
from incident import clocks
from incident.incident import Decision
from incident.measure import Recovered
from inventory import policy
from tests.board import reports
from tests.board.reports import DETECTED, NOT_BACK, back
from tests.incident import making
from tests.incident.making import NOON

_ASSETS = {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "source", "form", "base", "a"}
CAME_BACK = "came back"


class Page(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and all its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Mapping[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_everything_back_in_time_and_verified_is_said_once_at_the_top() -> None:
    page = Page(render.incident_page(reports.report()))
    assert "All 2 affected systems came back within their targets" in page.text
    assert "NOT" not in page.text.split("Measured, from detection")[0]


@pytest.mark.parametrize(
    ("different", "says"),
    [
        (NOT_BACK, "not back"),
        ({"recovered_seconds": 20000.0}, "normal, late"),
        ({"verified": False}, "not proved"),
        ({"verified": False, "bytes": 0}, "not proved"),
        ({"recovered_seconds": 20000.0, "verified": False}, "normal, late"),
    ],
)
def test_one_system_not_proved_to_be_back_and_nothing_says_came_back(different: Mapping[str, Any], says: str) -> None:
    shown = [back("sso"), back("edoc", **different)]
    page = Page(render.incident_page(reports.report(shown)))
    assert CAME_BACK not in page.text
    assert "1 of 2 affected systems are NOT proved to be back within their targets." in page.text
    assert says in page.text


recovered = st.builds(
    lambda key, seconds, verified: back(key, recovered_seconds=seconds, verified=verified),
    st.sampled_from(["sso", "edoc", "lgsp"]),
    st.none() | st.floats(0, 1e6),
    st.booleans(),
)


@given(st.lists(recovered, min_size=1, max_size=4))
def test_came_back_is_said_only_if_every_system_is_in_time_and_verified(shown: list[Recovered]) -> None:
    text = render.incident_page(reports.report(shown))
    assert (CAME_BACK in text) == all(each.in_time and each.verified for each in shown)


def test_an_incident_that_affects_nothing_claims_no_recovery() -> None:
    made = reports.report()
    page = Page(render.incident_page(replace(made, recovered=[], view=replace(made.view, recovered=[]))))
    assert CAME_BACK not in page.text
    assert "No system was affected" in page.text


def test_open_and_closed_are_told_apart() -> None:
    assert "inc-1 · Small district · open" in Page(render.incident_page(reports.report())).text
    closed = replace(DETECTED, closed=Decision("closed", NOON, "minh", "all well"))
    assert "· closed ·" in Page(render.incident_page(reports.report(incident=closed))).text


def test_what_is_not_known_is_called_so_and_never_zero() -> None:
    page = Page(render.incident_page(reports.report([back(data_loss_seconds=None)])))
    assert "not known" in page.text
    assert re.search(r"Forecast at realistic size \(not measured\)", page.text)


HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "</title><b>", "&lt;i&gt;"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words(text: str) -> None:
    made = reports.report(incident=replace(DETECTED, title=text), what=text, site=text)
    view = replace(made.view, decisions=[("police", text)])
    hostile = replace(made, view=view, alerts=[making.alert(title=text, system=text, level=text)])
    page, plain = Page(render.incident_page(hostile)), Page(render.incident_page(reports.report()))
    assert page.elements == plain.elements
    assert page.text.count(text) >= 7


@pytest.mark.parametrize("bad", ["\x1b[31m", "\x00", "\x9b", "\u202e", "\u2066", "\udcff"])
def test_letters_that_rule_a_terminal_or_turn_text_round_are_shown_not_obeyed(bad: str) -> None:
    text = render.incident_page(reports.report(incident=replace(DETECTED, title=f"a{bad}b"), what=f"a{bad}b"))
    assert bad[0] not in text
    assert text.encode()


def test_vietnamese_stays_as_it_is_written() -> None:
    title = "Sở Khoa học và Công nghệ: hồ sơ không đọc được"
    assert title in render.incident_page(reports.report(incident=replace(DETECTED, title=title)))


def test_a_page_fetches_nothing_and_runs_nothing() -> None:
    text = render.incident_page(reports.report())
    page = Page(text)
    assert not _ASSETS & {tag for tag, _ in page.elements}
    assert not any(name.startswith("on") or name in {"href", "src"} for _, attrs in page.elements for name in attrs)
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render.incident_page(reports.report()) == render.incident_page(reports.report())


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_longer_stands_further_right_and_always_on_the_axis(one: float, other: float) -> None:
    assert 0 <= render.position(min(one, other)) <= render.position(max(one, other)) <= 100


def test_numbers_that_were_not_read_are_spoken_of_once_and_open_questions_are_shown() -> None:
    rules = policy.load(["vn-2026"]).clocks
    plain = reports.report()
    asked = replace(plain, view=replace(plain.view, questions=clocks.open_questions(DETECTED, rules), unverified=True))
    said = Page(render.incident_page(asked)).text
    assert said.count("were not read in an official text") == 1
    assert "Open question: is it serious?" in said
    assert "First notice of a serious incident (due 2026-11-24 12:00" in said
    assert "not read in an official text" not in Page(render.incident_page(plain)).text
