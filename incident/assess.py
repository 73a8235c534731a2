"""What is affected? Every system's own tests, run now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from inventory import probe
from inventory.clock import Clock
from inventory.probe import ProbeResult
from inventory.ssh import Ssh
from inventory.system import Host, System

_AT_ONCE = 16


@dataclass(frozen=True)
class Assessment:
    """One system's own tests: results in the order of `normal_when`."""

    key: str
    results: Sequence[ProbeResult]

    @property
    def normal(self) -> bool:
        """Tell whether it has tests and all of them pass."""
        return bool(self.results) and all(result.passed for result in self.results)

    @property
    def failing(self) -> list[str]:
        """Return what failed, in words; a system without tests says so."""
        if not self.results:
            return ["it has no tests of its own (normal_when is empty)"]
        return [f"{result.expected}: {result.found}" for result in self.results if not result.passed]


def assess(
    systems: Mapping[str, System], hosts: Mapping[str, Host], clock: Clock, ssh: Ssh | None = None
) -> dict[str, Assessment]:
    """Run the tests of several systems at the same time."""

    def one(key: str) -> Assessment:
        return assess_one(key, systems[key], hosts, clock, ssh)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return {assessment.key: assessment for assessment in pool.map(one, systems)}


def assess_one(key: str, system: System, hosts: Mapping[str, Host], clock: Clock, ssh: Ssh | None = None) -> Assessment:
    """Run one system's tests."""
    return Assessment(key, [probe.probe(check, hosts, clock, ssh) for check in system.normal_when])
