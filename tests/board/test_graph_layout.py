from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from board.graph_layout import Edge, lay_out, reduced


@st.composite
def layered(draw: st.DrawFn) -> tuple[dict[str, int], list[Edge]]:
    columns = {f"k{index}": draw(st.integers(0, 5)) for index in range(draw(st.integers(0, 18)))}
    pairs = [(a, b) for a in columns for b in columns if columns[a] < columns[b]]
    return columns, draw(st.lists(st.sampled_from(pairs), unique=True, max_size=40)) if pairs else []


@given(layered())
def test_no_two_boxes_overlap_and_no_line_runs_through_a_box(drawn: tuple[dict[str, int], list[Edge]]) -> None:
    columns, edges = drawn
    placed = lay_out(columns, edges)
    assert placed.y.keys() == columns.keys()
    for one, other in combinations(columns, 2):
        if columns[one] == columns[other]:
            assert abs(placed.y[one] - placed.y[other]) >= 1 - 1e-6
    for (start, end), points in placed.lines.items():
        assert [at for at, _ in points] == list(range(columns[start], columns[end] + 1))
        assert (points[0][1], points[-1][1]) == (placed.y[start], placed.y[end])
        for at, y in points[1:-1]:
            assert all(abs(y - placed.y[key]) >= 0.5 for key in columns if columns[key] == at)
    assert all(0.5 - 1e-6 <= y <= placed.height - 0.5 + 1e-6 for y in placed.y.values())


@given(layered())
def test_the_same_graph_is_laid_out_the_same_way(drawn: tuple[dict[str, int], list[Edge]]) -> None:
    assert lay_out(*drawn) == lay_out(*drawn)


def test_lines_that_can_be_untangled_do_not_cross() -> None:
    columns = {"a": 0, "b": 0, "c": 0, "x": 1, "y": 1, "z": 1}
    placed = lay_out(columns, [("a", "z"), ("b", "y"), ("c", "x")])
    ends = sorted((placed.y[start], placed.y[end]) for start, end in placed.lines)
    assert [end for _, end in ends] == sorted(end for _, end in ends)


def reachable(edges: list[Edge]) -> set[Edge]:
    found = set(edges)
    while more := {(a, d) for a, b in found for c, d in found if b == c} - found:
        found |= more
    return found


@given(layered())
def test_what_is_left_out_follows_from_what_is_kept(drawn: tuple[dict[str, int], list[Edge]]) -> None:
    _, edges = drawn
    kept = reduced(edges)
    assert set(kept) <= set(edges)
    assert reachable(kept) == reachable(edges)
    for edge in kept:
        assert edge not in reachable([other for other in kept if other != edge])
