"""Graphs to draw: small ones, hostile ones, the sample province, random ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from inventory import graph, site, starter
from inventory.graph import Graph
from inventory.system import System
from tests.inventory import starting

HOSTILE = '</text><script>alert(1)</script> "; end; \\N -->|x| #quot; %% & `*_ \x1b[31m \u202e Nguyễn\nline'


def drawn(measured: Mapping[str, float] | None = None, **systems: Mapping[str, Any]) -> Graph:
    return graph.graph(
        {key: System.model_validate({"name": key} | each) for key, each in systems.items()}, measured or {}
    )


def three() -> Graph:
    return drawn(
        sso={"name": "Single sign-on", "name_local": "Đăng nhập một lần", "level": 3, "rto": "4h"},
        edoc={"name": "Documents", "level": 2, "rto": "8h", "depends_on": ["sso", "ndb"]},
        ndb={"name": "National databases", "external": True},
    )


def province(root: Path) -> Graph:
    starter.make(root / "province", name="x", login="minh", kind="sample", today=starting.TODAY)
    return graph.graph(site.load(root / "province").systems, {})


@st.composite
def any_graph(draw: st.DrawFn) -> Graph:
    """Up to twelve systems with names of any letters; each may need those before it."""
    keys = draw(st.lists(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True), unique=True, max_size=12))
    made = {}
    for index, key in enumerate(keys):
        needs = draw(st.sets(st.sampled_from(keys[:index]))) if index else set()
        name = draw(st.text(max_size=60).filter(lambda text: text.strip() and max(text) < "\ud800"))
        made[key] = {
            "name": name,
            "level": draw(st.integers(1, 5)),
            "external": draw(st.booleans()),
            "depends_on": sorted(needs),
        }
    return drawn(**made)
