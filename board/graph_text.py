"""The dependency graph as text for other programs: Mermaid (pages of many git servers), DOT (Graphviz)."""

from __future__ import annotations

from board import render
from inventory import duration
from inventory.graph import Graph, Node

FILLS = {1: "#eef1f4", 2: "#cfe3f5", 3: "#ffe3a3", 4: "#ffc48a", 5: "#ffaa9e"}
"""The colours of the levels; the words beside them say the same."""

INK, CRITICAL = "#1d2733", "#8a1538"
_MERMAID_PLAIN = frozenset(" ,.()-/:+")


def name(node: Node, *, local: bool) -> str:
    """Return what people call a system, in the local language if wanted and known."""
    return (node.system.name_local if local else "") or node.system.name


def facts(node: Node) -> str:
    """Return a system's level and time in a few words."""
    if node.system.external:
        return "run by others"
    time = f"measured {duration.show(node.seconds)}" if node.measured else f"target {duration.show(node.system.rto)}"
    return f"level {node.system.level}, {time}"


def mermaid(graph: Graph, *, local: bool = False) -> str:
    """Return the graph as a Mermaid flowchart: arrows lead from what must be back first to what waits for it."""
    edges = graph.edges()
    lines = ["flowchart LR"]
    for node in graph.nodes:
        words = (node.key, name(node, local=local), facts(node))
        label = "<br/>".join(_mermaid_text(text) for text in words)
        lines.append(f'  {_mermaid_id(node.key)}["{label}"]')
    lines += [f"  {_mermaid_id(start)} --> {_mermaid_id(end)}" for start, end in edges]
    for level, fill in FILLS.items():
        lines.append(f"  classDef level{level} fill:{fill},stroke:{INK},color:{INK}")
    lines.append(f"  classDef external fill:#ffffff,stroke:{INK},color:{INK},stroke-dasharray:4 3")
    lines.append(f"  classDef critical stroke:{CRITICAL},stroke-width:4px")
    lines += [f"  class {_mermaid_id(node.key)} {_class(node)}" for node in graph.nodes]
    lines += [f"  class {_mermaid_id(key)} critical" for key in graph.path.keys]
    if critical := [str(index) for index, edge in enumerate(edges) if edge in graph.path.links]:
        lines.append(f"  linkStyle {','.join(critical)} stroke:{CRITICAL},stroke-width:4px")
    return "\n".join(lines) + "\n"


def _class(node: Node) -> str:
    return "external" if node.system.external else f"level{node.system.level}"


def _mermaid_id(key: str) -> str:
    """Return a key as a word Mermaid takes for nothing else (`end`, `graph`, a dash); two keys never give one."""
    return "s_" + key.replace("_", "__").replace("-", "_d")


def _mermaid_text(text: str) -> str:
    """Write every sign that could mean something as its number."""
    return "".join(
        sign if sign.isalnum() or sign in _MERMAID_PLAIN or ord(sign) > 0x2FF else f"#{ord(sign)};"
        for sign in render.visible(text).replace("\n", " ")
    )


def dot(graph: Graph, *, local: bool = False) -> str:
    """Return the graph in Graphviz' language: arrows lead from what must be back first to what waits for it."""
    lines = [
        "digraph recovery {",
        "  rankdir=LR;",
        f'  node [shape=box, style="filled,rounded", fontname="sans-serif", color="{INK}", fontcolor="{INK}"];',
        f'  edge [color="{INK}"];',
    ]
    for node in graph.nodes:
        label = "\\n".join(_dot_text(text) for text in (node.key, name(node, local=local), facts(node)))
        look = [f'label="{label}"', f'fillcolor="{"#ffffff" if node.system.external else FILLS[node.system.level]}"']
        if node.system.external:
            look.append('style="filled,rounded,dashed"')
        if node.critical:
            look += [f'color="{CRITICAL}"', "penwidth=3"]
        lines.append(f'  "{node.key}" [{", ".join(look)}];')
    for edge in graph.edges():
        drawn = f' [color="{CRITICAL}", penwidth=3]' if edge in graph.path.links else ""
        lines.append(f'  "{edge[0]}" -> "{edge[1]}"{drawn};')
    return "\n".join([*lines, "}"]) + "\n"


def _dot_text(text: str) -> str:
    """Write a text inside DOT's quotes, where a backslash begins a command and an ampersand a named sign."""
    plain = render.visible(text).replace("\n", " ")
    return plain.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
