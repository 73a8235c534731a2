from __future__ import annotations

from pathlib import Path

import pytest

from cli.clock import SystemClock
from incident.doctor import notices
from incident.doctor.finding import Found
from inventory.people import People
from inventory.settings import Settings
from inventory.site import Site
from ledger import outbox
from ledger.ledger import Ledger
from tests.elastic.cluster import Cluster
from tests.elastic.relay import relay


def site(**settings: object) -> Site:
    return Site(Path("/site"), Settings.model_validate({"site": "try"} | settings), {}, {}, {}, People())


def engine(tmp_path: Path, url: str) -> Found:
    """What is found of an engine whose key is `right`."""
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text("right")
    return notices.answers(site(elasticsearch={"url": url, "api_key_file": str(file)}), SystemClock())


@pytest.mark.elasticsearch
def test_an_engine_is_as_well_as_its_shards_are(search_cluster: Cluster, tmp_path: Path) -> None:
    search_cluster.wait()
    found = engine(tmp_path, search_cluster.urls[0])
    assert (found.state, found.found) == ("green", "holdfast-tests answers, version 8.19.8, 3 nodes")
    search_cluster.ask("PUT", "/wide", {"settings": {"number_of_shards": 1, "number_of_replicas": 3}})
    found = engine(tmp_path, search_cluster.urls[0])
    assert (found.state, "have no second copy" in found.found) == ("amber", True)


@pytest.mark.elasticsearch
def test_an_engine_that_does_not_take_the_key_is_red_and_one_whose_key_may_not_ask_is_amber(
    search_cluster: Cluster, tmp_path: Path
) -> None:
    with relay(search_cluster.nodes[0], key="other") as between:
        found = engine(tmp_path, between.url)
    assert (found.state, "does not accept the API key" in found.found, "right" in found.found) == ("red", True, False)
    with relay(search_cluster.nodes[0], key="other", refusal=403) as between:
        assert engine(tmp_path, between.url).state == "amber"


def test_an_engine_that_is_gone_or_whose_key_others_may_read_is_red(tmp_path: Path) -> None:
    found = engine(tmp_path, "http://127.0.0.1:9")
    assert (found.state, found.mend) == ("red", "curl -v http://127.0.0.1:9")
    (tmp_path / "key").chmod(0o644)
    found = engine(tmp_path, "http://127.0.0.1:9")
    assert (found.state, found.mend) == ("red", f"chmod 600 {tmp_path}/key")


def test_without_a_channel_notices_are_amber_and_with_one_green(ledger: Ledger) -> None:
    assert [each.state for each in notices.notices(site(), ledger)] == ["amber"]
    told = site(notifications={"duty": {"command": ["cat"]}})
    assert [each.state for each in notices.notices(told, ledger)] == ["green"]
    outbox.put(ledger, "a", "duty", {})
    assert [each.state for each in notices.notices(told, ledger)] == ["green"], "what was not tried yet is no fault"
