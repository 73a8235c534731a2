from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given

from board import graph as picture
from board.graph_text import CRITICAL, FILLS
from inventory.errors import HoldfastError
from inventory.graph import Graph
from tests.board import pictured
from tests.board.pictured import HOSTILE

_SVG = "{http://www.w3.org/2000/svg}"
_DRAWN = {"svg", "title", "desc", "rect", "text", "path", "polygon", "g"}


def read(text: str) -> ElementTree.Element:
    """Read a picture as a browser would, and see that it is nothing but shapes and words."""
    root = ElementTree.fromstring(text)
    for element in root.iter():
        assert element.tag.removeprefix(_SVG) in _DRAWN
        assert not any("href" in name or name.startswith("on") for name in element.attrib)
        assert not any("url(" in value or ":" in value for value in element.attrib.values())
    return root


def words(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{_SVG}text")]


def test_a_picture_names_every_system_its_level_target_and_place() -> None:
    said = words(read(picture.svg(pictured.three(), "District")))
    for text in ("◆ sso", "Single sign-on", "level 3 · target 4h", "level 2 · target 8h", "run by others", "wave 2"):
        assert text in said
    assert "Order of recovery: District" in said
    assert "critical path: sso → edoc (Σ 12h)" in said


def test_whoever_does_not_see_it_is_told_the_same_in_words() -> None:
    root = read(picture.svg(pictured.three(), "District"))
    assert root.attrib["role"] == "img"
    named = {element.attrib.get("id"): element.text or "" for element in root if element.tag != f"{_SVG}g"}
    assert root.attrib["aria-labelledby"].split() == ["title", "desc"]
    assert named["title"] == "Order of recovery: District"
    assert "2. edoc ← sso, ndb: Documents, level 2 · target 8h" in named["desc"]


def test_levels_differ_in_colour_and_the_critical_path_in_line_and_sign() -> None:
    root = read(picture.svg(pictured.three(), "District"))
    boxes = [box for group in root.iter(f"{_SVG}g") for box in group.iter(f"{_SVG}rect")]
    assert {box.attrib["fill"] for box in boxes} == {FILLS[3], FILLS[2], "#ffffff"}
    assert sum(box.attrib["stroke"] == CRITICAL for box in boxes) == 2
    assert sum("stroke-dasharray" in box.attrib for box in boxes) == 1


def test_vietnamese_names_and_words_are_shown_if_wanted() -> None:
    said = words(read(picture.svg(pictured.three(), "Tỉnh", language="vi")))
    for text in ("Thứ tự khôi phục: Tỉnh", "Đăng nhập một lần", "Documents", "cấp độ 3 · mục tiêu 4h"):
        assert text in said
    assert not any("wave" in text or "level" in text or "target" in text for text in said)


def test_a_measured_time_is_shown_as_measured() -> None:
    graph = pictured.drawn({"sso": 600.0}, sso={"level": 3, "rto": "4h"})
    assert "level 3 · measured 10m" in words(read(picture.svg(graph, "x")))


@given(pictured.any_graph())
def test_whatever_the_names_the_picture_is_one_document_with_a_box_for_each(graph: Graph) -> None:
    root = read(picture.svg(graph, "x"))
    assert len(list(root.iter(f"{_SVG}g"))) == len(graph.nodes)


def test_a_hostile_name_is_shown_and_does_nothing() -> None:
    text = picture.svg(pictured.drawn(sso={"name": HOSTILE}), HOSTILE)
    read(text)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def box_of(group: ElementTree.Element) -> tuple[float, float, float, float]:
    box = group.find(f"{_SVG}rect")
    assert box is not None
    x, y, width, height = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def test_the_sample_province_fits_into_its_picture_and_no_two_boxes_overlap(tmp_path: Path) -> None:
    root = read(picture.svg(pictured.province(tmp_path), "Sample"))
    width, height = (float(each) for each in root.attrib["viewBox"].split()[2:])
    boxes = [box_of(group) for group in root.iter(f"{_SVG}g")]
    assert len(boxes) == 30
    for index, (left, top, right, bottom) in enumerate(boxes):
        assert (left, top) > (0, 0)
        assert right < width
        assert bottom < height
        for other in boxes[index + 1 :]:
            assert other[0] >= right or other[2] <= left or other[1] >= bottom or other[3] <= top


def test_every_box_of_the_sample_stands_below_the_heading_of_its_own_wave(tmp_path: Path) -> None:
    graph = pictured.province(tmp_path)
    root = read(picture.svg(graph, "Sample"))
    heads = {
        element.attrib["x"]: int(found[1])
        for element in root.iter(f"{_SVG}text")
        if (found := re.match(r"wave (\d+)", element.text or ""))
    }
    assert sorted(heads.values()) == list(range(1, max(node.wave for node in graph.nodes) + 1))
    placed = {
        (group.findtext(f"{_SVG}title") or "").partition(":")[0]: heads[box.attrib["x"]]
        for group in root.iter(f"{_SVG}g")
        for box in group.iter(f"{_SVG}rect")
    }
    assert placed == {node.key: node.wave for node in graph.nodes}


def test_a_name_too_long_for_its_box_is_cut_with_dots_and_whole_in_its_title() -> None:
    name = "A name of a system that goes on and on and on until nobody remembers how it began"
    root = read(picture.svg(pictured.drawn(a={"name": name}), "x"))
    (group,) = root.iter(f"{_SVG}g")
    lines = [text.text or "" for text in group.iter(f"{_SVG}text")]
    assert lines[-2].endswith("…")
    assert name in (group.findtext(f"{_SVG}title") or "")


def test_what_is_not_seen_in_a_name_is_drawn_as_an_escape() -> None:
    said = words(read(picture.svg(pictured.drawn(a={"name": "s\u200bs\u2060o"}), "x")))
    assert "s\\u200bs\\u2060o" in said


def test_the_same_graph_gives_the_same_bytes(tmp_path: Path) -> None:
    assert picture.svg(pictured.three(), "x") == picture.svg(pictured.three(), "x")


def test_nothing_gives_a_picture_that_says_so() -> None:
    assert "no systems" in words(read(picture.svg(pictured.drawn(), "x")))


def test_a_picture_is_written_whole_or_its_place_is_named(tmp_path: Path) -> None:
    picture.write("<svg/>", tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").read_text() == "<svg/>"
    with pytest.raises(HoldfastError, match=re.escape(str(tmp_path / "none" / "graph.svg"))):
        picture.write("<svg/>", tmp_path / "none" / "graph.svg")
