"""Elasticsearch as a fixture: one cluster of three nodes for all tests of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import tools
from tests.elastic import cluster as clusters
from tests.elastic.cluster import Cluster
from tests.elastic.distribution import ElasticError


@pytest.fixture(scope="session")
def _search_cluster() -> Iterator[Cluster]:
    tools.require("elasticsearch")
    try:
        starting = clusters.cluster(3)
        made = starting.__enter__()
    except ElasticError as error:
        tools.lacking("elasticsearch", str(error))
    try:
        yield made
    finally:
        starting.__exit__(None, None, None)


@pytest.fixture
def search_cluster(_search_cluster: Cluster) -> Iterator[Cluster]:
    """Three nodes, all up and without any index; nodes that a test kills are started again after it."""
    yield _search_cluster
    _search_cluster.mend()
    _search_cluster.clear()
