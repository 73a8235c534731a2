"""Rules, events and sites in a few words, for the tests of detection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from detect import sigma
from detect.evaluate import compiled
from detect.event import Event, Reference, flatten
from detect.readers import reader
from detect.readers.lines import Line
from detect.rule import Correlation, Rule
from inventory import clock as clocks
from inventory import site as sites
from inventory.site import Site
from tests.fakes.clock import FakeClock

NOW = FakeClock().now()


def rule_text(detection: str, *, title: str = "A rule", identity: str = "", extra: str = "") -> str:
    """Return a whole Sigma rule around its `detection:` part."""
    source = "" if "logsource:" in extra else "logsource:\n  product: test\n"
    return (
        f"title: {title}\nid: {identity or '11111111-1111-4111-8111-111111111111'}\n"
        f"{source}{dedent(extra)}detection:\n{indent(dedent(detection).strip(), '  ')}\n"
    )


def rule(detection: str, **more: Any) -> Rule:
    """Return a rule that can be run."""
    (found,) = sigma.read_text(rule_text(detection, **more), Path("rule.yml"))
    assert isinstance(found, Rule), found
    return found


def correlation(text: str) -> Correlation:
    """Return a correlation that can be run."""
    (found,) = sigma.read_text(dedent(text), Path("rule.yml"))
    assert isinstance(found, Correlation), found
    return found


def event(data: Mapping[str, Any], *, raw: str | None = None, time: datetime | None = None, line: int = 1) -> Event:
    """Return an event with these (nested or flat) fields."""
    return Event(flatten(data), raw=raw, time=time, reference=Reference("log", line))


def fires(detection: str, data: Mapping[str, Any], *, raw: str | None = None) -> bool:
    """Tell whether a rule with this detection fires on one event."""
    return compiled(rule(detection).condition)(event(data, raw=raw))


def read(text: str, *, kind: reader.Format = "auto", now: datetime = NOW) -> Event:
    """Return the event of one line."""
    found = reader.read(Line(1, 0, len(text), text), "log", kind, now)
    assert found is not None
    return found


def at(seconds: float) -> datetime:
    """Return a moment some seconds after a quarter of an hour ago."""
    return NOW - timedelta(minutes=15) + timedelta(seconds=seconds)


def failed(login: str, seconds: float, *, host: str = "signon-1") -> str:
    """Return a line of auth.log about a wrong password."""
    return f"{_iso(seconds)} {host} signon[812]: Failed password for {login} from 127.0.0.1 port 40012\n"


def accepted(login: str, seconds: float) -> str:
    """Return a line of auth.log about a log-in that worked."""
    return f"{_iso(seconds)} signon-1 signon[812]: Accepted password for {login} from 127.0.0.1 port 40013\n"


def _iso(seconds: float) -> str:
    return clocks.to_text(at(seconds)).replace("Z", "+00:00")


def site(root: Path, logs: list[dict[str, str]]) -> Site:
    """Return a site with one system `sso` on the directory host `signon-1`, with these logs."""
    (root / "site" / "inventory").mkdir(parents=True, exist_ok=True)
    (root / "signon-1" / "var" / "log").mkdir(parents=True, exist_ok=True)
    (root / "site" / "holdfast.yml").write_text("site: test\n")
    host = {"ansible_connection": "local", "holdfast_root": str(root / "signon-1")}
    system = {"name": "Single sign-on", "logs": logs}
    group = {"sso": {"hosts": {"signon-1": host}, "vars": {"system": system}}}
    (root / "site" / "inventory" / "sso.yml").write_text(json.dumps(group))
    return sites.load(root / "site")
