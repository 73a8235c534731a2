"""The lab as fixtures: one lab for all tests of a run, hosts for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests import tools
from tests.lab.host import LabHost
from tests.lab.image import SUITE
from tests.lab.lab import Lab
from tests.lab.running import LabError

MakeHost = Callable[..., LabHost]


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A lab of real Debian hosts; `lab.host(NAME)` boots one that lives until the end of the run."""
    tools.require("lab")
    try:
        made = Lab.start()
    except LabError as error:
        tools.lacking("lab", str(error))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def lab_host(lab: Lab) -> Iterator[MakeHost]:
    """Boot hosts for one test: `lab_host("db", "postgresql", suite="trixie")`; they are removed after it."""
    made: list[LabHost] = []

    def make(name: str = "web", *packages: str, suite: str = SUITE, disk_mib: int = 0) -> LabHost:
        made.append(lab.host(name, *packages, suite=suite, disk_mib=disk_mib))
        return made[-1]

    yield make
    for host in made:
        host.remove()
