"""The dependency graph as one SVG picture: no script, nothing fetched, every name escaped."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

from board import graph_layout, graph_text, render
from board.graph_layout import Edge, Layout
from board.graph_text import CRITICAL, FILLS, INK
from inventory import duration
from inventory.errors import HoldfastError
from inventory.graph import Graph, Node
from ledger import durable

Language = Literal["en", "vi"]

_BOX_WIDTH, _BOX_HEIGHT, _ROW, _COLUMN = 214.0, 82.0, 96.0, 286.0
_MARGIN, _HEAD, _FOOT = 28.0, 104.0, 64.0
_LETTER = 7.3
"""The width of a usual letter at the size names are written in; what would not fit into two lines is cut."""
_NAME_LINES = 2

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Order of recovery",
        "first": "first",
        "wave": "wave",
        "level": "level",
        "target": "target",
        "measured": "measured",
        "external": "run by others",
        "critical": "critical path",
        "arrows": "an arrow leads from what must be back first to what waits for it; "
        "one that follows from others is left out",
        "nothing": "no systems",
    },
    "vi": {
        "title": "Thứ tự khôi phục",
        "first": "đầu tiên",
        "wave": "đợt",
        "level": "cấp độ",
        "target": "mục tiêu",
        "measured": "đo được",
        "external": "do đơn vị khác vận hành",
        "critical": "đường găng",
        "arrows": "mũi tên đi từ hệ thống phải khôi phục trước đến hệ thống chờ nó; "
        "mũi tên suy ra được từ mũi tên khác không vẽ",
        "nothing": "không có hệ thống",
    },
}


def write(text: str, target: Path) -> None:
    """Write a graph to a file, whole or not at all.

    Raises:
        HoldfastError: it cannot be written.
    """
    try:
        durable.write(target, text.encode())
    except OSError as error:
        raise HoldfastError(
            f"{target} cannot be written: {error.strerror}", hint="give another file with --to FILE"
        ) from error


def svg(graph: Graph, site: str, *, language: Language = "en") -> str:
    """Return the picture: a column for each wave, the critical path drawn thick. The same graph gives the same bytes.

    Needs that follow from others (sso needs net, because sso needs dc and dc needs net) are left out.
    """
    return "\n".join(_Picture(graph, site, language).lines()) + "\n"


@dataclass(frozen=True)
class _Picture:
    graph: Graph
    site: str
    language: Language

    def lines(self) -> Iterator[str]:
        words = _WORDS[self.language]
        columns = {node.key: node.wave - 1 for node in self.graph.nodes}
        edges = graph_layout.reduced(self.graph.edges())
        placed = graph_layout.lay_out(columns, edges)
        count = max(columns.values(), default=0) + 1
        width = max(2 * _MARGIN + (count - 1) * _COLUMN + _BOX_WIDTH, 860.0)
        height = _HEAD + max(placed.height, 1.0) * _ROW + _FOOT
        title = f"{words['title']}: {self.site}"
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" role="img" aria-labelledby="title desc" '
            "font-family=\"'Noto Sans', 'DejaVu Sans', Arial, sans-serif\">"
        )
        yield f'<title id="title">{_text(title)}</title>'
        yield f'<desc id="desc">{_text(self._description())}</desc>'
        yield f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>'
        yield _write(_MARGIN, 36, title, size=20, bold=True)
        yield _write(_MARGIN, 60, self._path(), size=13, colour=CRITICAL)
        if not self.graph.nodes:
            yield _write(_MARGIN, _HEAD + 20, words["nothing"], size=13)
        yield from self._heads(count)
        yield from self._arrows(placed, edges)
        for node in self.graph.nodes:
            yield from self._box(node, *_corner(placed.column[node.key], placed.y[node.key]))
        yield from self._legend(height - 26)
        yield "</svg>"

    def _path(self) -> str:
        path = self.graph.path
        if not path.keys:
            return ""
        return f"{_WORDS[self.language]['critical']}: {' → '.join(path.keys)} (Σ {duration.show(path.seconds)})"

    def _description(self) -> str:
        """Return the whole graph in words, for whoever does not see it."""
        parts = [self._path()]
        for node in self.graph.nodes:
            needs = f" ← {', '.join(node.system.depends_on)}" if node.system.depends_on else ""
            parts.append(f"{node.wave}. {node.key}{needs}: {self._name(node)}, {self._facts(node)}")
        return "\n".join(part for part in parts if part)

    def _name(self, node: Node) -> str:
        return graph_text.name(node, local=self.language == "vi")

    def _facts(self, node: Node) -> str:
        words = _WORDS[self.language]
        if node.system.external:
            return words["external"]
        time = f"{words['measured']} {duration.show(node.seconds)}" if node.measured else ""
        time = time or f"{words['target']} {duration.show(node.system.rto)}"
        return f"{words['level']} {node.system.level} · {time}"

    def _heads(self, count: int) -> Iterator[str]:
        words = _WORDS[self.language]
        for number in range(1, count + 1 if self.graph.nodes else 1):
            text = f"{words['wave']} {number}" + (f" ({words['first']})" if number == 1 else "")
            yield _write(_MARGIN + (number - 1) * _COLUMN, 90, text, size=12)

    def _arrows(self, placed: Layout, edges: list[Edge]) -> Iterator[str]:
        for edge in sorted(edges, key=lambda edge: edge in self.graph.path.links):
            critical = edge in self.graph.path.links
            colour, width = (CRITICAL, 3.5) if critical else ("#7b8794", 1.4)
            points = [(_MARGIN + at * _COLUMN, _HEAD + y * _ROW) for at, y in placed.lines[edge]]
            yield f'<path d="{_curve(points)}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
            x, y = points[-1]
            tip = f"{x:.1f},{y:.1f} {x - 9:.1f},{y - 5:.1f} {x - 9:.1f},{y + 5:.1f}"
            yield f'<polygon points="{tip}" fill="{colour}"/>'

    def _box(self, node: Node, x: float, y: float) -> Iterator[str]:
        stroke, width = (CRITICAL, 3.5) if node.critical else (INK, 1.2)
        fill = "#ffffff" if node.system.external else FILLS[node.system.level]
        dash = ' stroke-dasharray="5 4"' if node.system.external else ""
        name = self._name(node)
        yield f"<g><title>{_text(f'{node.key}: {name}, {self._facts(node)}')}</title>"
        yield (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{_BOX_WIDTH:.0f}" height="{_BOX_HEIGHT:.0f}" rx="6" fill="{fill}" '
            f'stroke="{stroke}" stroke-width="{width}"{dash}/>'
        )
        mark = "◆ " if node.critical else ""
        yield _write(x + 10, y + 20, mark + _folded(node.key, 20, 1)[0], size=14, bold=True)
        for number, line in enumerate(_folded(name, (_BOX_WIDTH - 18) / _LETTER, _NAME_LINES)):
            yield _write(x + 10, y + 38 + 15 * number, line, size=12)
        yield _write(x + 10, y + 73, self._facts(node), size=11)
        yield "</g>"

    def _legend(self, y: float) -> Iterator[str]:
        words = _WORDS[self.language]
        x = _MARGIN
        levels = sorted({node.system.level for node in self.graph.nodes if not node.system.external})
        for level in levels:
            yield _swatch(x, y, FILLS[level], INK, 1.2)
            yield _write(x + 26, y, f"{words['level']} {level}", size=12)
            x += 100
        if any(node.system.external for node in self.graph.nodes):
            yield _swatch(x, y, "#ffffff", INK, 1.2, dash=True)
            yield _write(x + 26, y, words["external"], size=12)
            x += 60 + 7 * len(words["external"])
        yield _swatch(x, y, "#ffffff", CRITICAL, 3.5)
        yield _write(x + 26, y, f"◆ {words['critical']}", size=12)
        yield _write(_MARGIN, y + 18, words["arrows"], size=11)


def _corner(column: int, y: float) -> tuple[float, float]:
    return _MARGIN + column * _COLUMN, _HEAD + y * _ROW - _BOX_HEIGHT / 2


def _curve(points: list[tuple[float, float]]) -> str:
    """Return a smooth line through columns: from a box's right side, straight past the others, to a box's left side."""
    (x, y), parts = (points[0][0] + _BOX_WIDTH, points[0][1]), []
    parts.append(f"M{x:.1f} {y:.1f}")
    for index, (left, height) in enumerate(points[1:], 2):
        half = (left - x) / 2
        parts.append(f"C{x + half:.1f} {y:.1f} {left - half:.1f} {height:.1f} {left:.1f} {height:.1f}")
        x, y = left, height
        if index < len(points):
            x = left + _BOX_WIDTH
            parts.append(f"H{x:.1f}")
    return " ".join(parts)


def _swatch(x: float, y: float, fill: str, stroke: str, width: float, *, dash: bool = False) -> str:
    dashes = ' stroke-dasharray="5 4"' if dash else ""
    return (
        f'<rect x="{x:.1f}" y="{y - 12:.1f}" width="20" height="14" rx="3" fill="{fill}" stroke="{stroke}" '
        f'stroke-width="{width}"{dashes}/>'
    )


def _write(x: float, y: float, text: str, *, size: int, bold: bool = False, colour: str = INK) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{weight}>{_text(text)}</text>'


def _text(text: str) -> str:
    return escape(render.visible(text))


def _folded(text: str, width: float, most: int) -> list[str]:
    """Return a text as at most so many lines, each at most `width` usual letters wide; what is cut ends in dots."""
    lines: list[str] = []
    for word in render.visible(text).split():
        longer = f"{lines[-1]} {word}" if lines else word
        if not lines or (_wide(longer) > width and len(lines) < most):
            lines.append(word)
        else:
            lines[-1] = longer
    return [_cut(line, width) for line in lines] or [""]


def _cut(text: str, width: float) -> str:
    if _wide(text) <= width:
        return text
    while text and _wide(text) + 1 > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _wide(text: str) -> float:
    """Return about how wide a text is, in usual letters."""
    return sum(_width(sign) for sign in text)


def _width(sign: str) -> float:
    if unicodedata.combining(sign):
        return 0.0
    if unicodedata.east_asian_width(sign) in "WF":
        return 2.0
    return 0.5 if sign in "iIjl.,:;'|!t()f " else 1.5 if sign in "mwMW@%" else 1.2 if sign.isupper() else 1.0
