from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from board import graph_text
from inventory.graph import Graph
from tests import tools
from tests.board import pictured
from tests.board.pictured import HOSTILE

_ID = r"s_(?:[a-z0-9]|__|_d)+"
_SIGN = r"[^\x00-\x1f\x7f\u202e\"#&<>\[\]{}|\\`;%*_]"
_MERMAID = [
    re.compile(rf'  ({_ID})\["(?:{_SIGN}|#\d+;|<br/>)*"\]'),
    re.compile(rf"  ({_ID}) --> ({_ID})"),
    re.compile(r"  classDef \w+ [\w-]+:[#\w]+(?: \d)?(?:,[\w-]+:[#\w]+(?: \d)?)*"),
    re.compile(rf"  class ({_ID}) (?:level[1-5]|external|critical)"),
    re.compile(r"  linkStyle \d+(?:,\d+)* stroke:#[0-9a-f]{6},stroke-width:\dpx"),
]


def parsed(text: str) -> tuple[list[str], list[tuple[str, str]], int]:
    """Read a flowchart strictly: every line is one that Mermaid's grammar has; return nodes, links, styled links."""
    first, *rest = text.splitlines()
    assert first == "flowchart LR"
    assert text.endswith("\n")
    nodes, links, styled = [], [], 0
    for line in rest:
        found = [(index, match) for index, each in enumerate(_MERMAID) if (match := each.fullmatch(line))]
        assert len(found) == 1, line
        (index, match), *_ = found
        if index == 0:
            nodes.append(match[1])
        elif index == 1:
            links.append((match[1], match[2]))
        elif index == 4:
            styled = line.count(",")
    assert {end for link in links for end in link} <= set(nodes)
    return nodes, links, styled


def test_a_mermaid_flowchart_has_every_system_and_leads_from_what_comes_first_to_what_waits() -> None:
    text = graph_text.mermaid(pictured.three())
    nodes, links, _ = parsed(text)
    assert nodes == ["s_sso", "s_ndb", "s_edoc"]
    assert set(links) == {("s_sso", "s_edoc"), ("s_ndb", "s_edoc")}
    assert '  s_sso["sso<br/>Single sign-on<br/>level 3, target 4h"]' in text
    assert '["ndb<br/>National databases<br/>run by others"]' in text
    assert "  class s_edoc critical" in text
    assert "linkStyle 0 stroke:#8a1538" in text


def test_the_local_name_is_shown_where_there_is_one() -> None:
    assert "Đăng nhập một lần" in graph_text.mermaid(pictured.three(), local=True)
    assert "Documents" in graph_text.mermaid(pictured.three(), local=True)


@given(pictured.any_graph())
def test_whatever_the_names_the_flowchart_is_mermaid_and_no_two_keys_are_one(graph: Graph) -> None:
    nodes, links, _ = parsed(graph_text.mermaid(graph))
    assert len(set(nodes)) == len(graph.nodes)
    assert len(links) == len(graph.edges())


def test_names_that_mean_something_to_mermaid_are_only_names() -> None:
    graph = pictured.drawn(end={"name": HOSTILE}, **{"a-b": {}, "a_b": {"depends_on": ["end"]}})
    nodes, _, _ = parsed(graph_text.mermaid(graph))
    assert sorted(nodes) == ["s_a__b", "s_a_db", "s_end"]


def ruled(program: str, text: str, *options: str) -> str:
    ended = subprocess.run([program, *options], input=text, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, ""), text
    return ended.stdout


def test_graphviz_itself_draws_the_sample_province(tmp_path: Path) -> None:
    program = str(tools.require("graphviz"))
    graph = pictured.province(tmp_path)
    plain = ruled(program, graph_text.dot(graph, local=True), "-Tplain").splitlines()
    assert sum(line.startswith("node ") for line in plain) == 30
    assert sum(line.startswith("edge ") for line in plain) == len(graph.edges())
    assert "Cơ sở dữ liệu đất đai" in ruled(program, graph_text.dot(graph, local=True), "-Tsvg")


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pictured.any_graph())
def test_whatever_the_names_graphviz_takes_them_for_names(graph: Graph) -> None:
    program = str(tools.require("graphviz"))
    plain = ruled(program, graph_text.dot(graph), "-Tplain").splitlines()
    assert sum(line.startswith("node ") for line in plain) == len(graph.nodes)


def test_a_hostile_name_stays_a_name_for_graphviz() -> None:
    program = str(tools.require("graphviz"))
    drawn = ruled(program, graph_text.dot(pictured.drawn(sso={"name": HOSTILE})), "-Tsvg")
    assert "<script>" not in drawn
    assert "#quot;" in drawn
    assert "\x1b" not in drawn


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_every_level_has_a_colour_and_says_its_number(level: int) -> None:
    graph = pictured.drawn(a={"level": level})
    assert f'fillcolor="{graph_text.FILLS[level]}"' in graph_text.dot(graph)
    assert f"level {level}, target 24h" in graph_text.dot(graph)
    assert len(set(graph_text.FILLS.values())) == 5
