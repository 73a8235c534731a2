"""Which rules are about which events: from what an event shows of its log to Sigma's categories and services."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

from detect.event import Origin
from detect.names import table
from detect.rule import LogSource

WEB = Origin(None, frozenset({"webserver", "proxy"}), frozenset({"apache", "nginx", "http"}))


def applies(source: LogSource, origin: Origin) -> bool:
    """Tell whether a rule about `source` looks at events of `origin`; what an event does not show rules nothing out."""
    if source.product and origin.product and source.product != origin.product:
        return False
    if source.category and origin.categories is not None and source.category not in origin.categories:
        return False
    if source.service and origin.services is not None and source.service not in origin.services:
        # A Windows service we have no channel for cannot be ruled out by the channel.
        return origin.product == "windows" and source.service not in table("windows")["services"]
    return True


@lru_cache(4096)  # the words come from logs
def windows(channel: str, event_id: str) -> Origin:
    """Return the origin of a Windows event; without a channel nothing but the product is known."""
    if not channel:
        return Origin("windows")
    services, categories = _windows_tables()
    found = services.get(channel.lower(), frozenset())
    kinds = frozenset(kind for service in found for kind in categories.get((service, event_id), ()))
    return Origin("windows", kinds, found)


@lru_cache(4096)  # the words come from logs
def linux(program: str, *, journal: bool = False) -> Origin:
    """Return the origin of a line of a Linux text log or of the journal, by the program that wrote it."""
    found = {service for service, programs in table("linux")["services"].items() if program in programs}
    return Origin("linux", frozenset(), frozenset({"syslog", *found, *(["journald"] if journal else [])}))


@lru_cache(4096)  # the words come from logs
def application(product: str | None, dataset: str) -> Origin:
    """Return the origin of a structured (ECS) event of an application: `dataset` is the service's name."""
    return Origin(product, frozenset({"application"}), frozenset({dataset} if dataset else ()))


@cache
def _windows_tables() -> tuple[dict[str, frozenset[str]], dict[tuple[str, str], tuple[str, ...]]]:
    data: Any = table("windows")
    channels: dict[str, set[str]] = {}
    for service, names in data["services"].items():
        for name in names:
            channels.setdefault(name.lower(), set()).add(service)
    categories = {
        (entry["service"], str(number)): tuple(kinds)
        for entry in data["categories"]
        for number, kinds in entry["events"].items()
    }
    return {name: frozenset(services) for name, services in channels.items()}, categories
