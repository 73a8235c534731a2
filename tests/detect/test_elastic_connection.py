from __future__ import annotations

import http.server
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from detect.elastic import Engine
from detect.elastic_answer import (
    AccessError,
    NotAskedWellError,
    SearchError,
    TooOldError,
    UnreachableError,
    UntrustedError,
)
from detect.elastic_connection import Address, Waiting
from inventory.errors import UsageError
from inventory.people import People
from inventory.settings import Settings
from inventory.site import Site
from tests.elastic.cluster import Cluster
from tests.elastic.relay import certificate, relay
from tests.fakes.clock import FakeClock

KEY = "a-key-of-the-tests"


def site(root: Path, **elasticsearch: object) -> Site:
    settings = {"site": "try"} | ({"elasticsearch": elasticsearch} if elasticsearch else {})
    return Site(root, Settings.model_validate(settings), {}, {}, {}, People())


def look(address: Address) -> str:
    with Engine(address, FakeClock(), patience=0) as engine:
        return engine.look().status


def test_only_who_asks_a_cluster_waits_for_its_client() -> None:
    said = "import sys, detect.elastic; print([name for name in sys.modules if name.startswith('elastic')])"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_site_says_where_the_cluster_is_and_its_key_is_read_when_it_is_used(tmp_path: Path) -> None:
    address = Address.of(
        site(tmp_path, url="https://a:9200", other_nodes=["https://b:9200"], ca_file="ca.pem", api_key_file="key")
    )
    assert (address.urls, address.ca_file) == (("https://a:9200", "https://b:9200"), tmp_path / "ca.pem")
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "key").write_text(KEY)
    assert address.key is not None
    assert address.key() == KEY
    assert Address.of(site(tmp_path, url="http://a:9200")).key is None
    with pytest.raises(UsageError, match="names no Elasticsearch"):
        Address.of(site(tmp_path))


def test_a_key_does_not_cross_a_network_unencrypted() -> None:
    with pytest.raises(UsageError, match=r"unencrypted to http://search\.example:9200"):
        look(Address(("http://search.example:9200",), key=lambda: KEY))


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    nothing = tmp_path / "ca.pem"
    with pytest.raises(UsageError, match=r"ca\.pem cannot be read: No such file"):
        look(Address(("https://127.0.0.1:9",), nothing))
    nothing.write_text("none")
    with pytest.raises(UsageError, match=r"ca\.pem cannot be read: it is no certificate"):
        look(Address(("https://127.0.0.1:9",), nothing))


@contextmanager
def answering(status: int, content: bytes, **headers: str) -> Iterator[str]:
    """Something that is no Elasticsearch and answers everything alike."""

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


OTHERS: dict[str, tuple[int, bytes, dict[str, str], type[SearchError], str]] = {
    "another product": (200, b"{}", {"Content_Type": "application/json"}, TooOldError, "is something else"),
    "an old version": (
        200,
        b'{"nodes": {"a": {"version": "7.17.9"}}}',
        {"Content_Type": "application/json", "X_Elastic_Product": "Elasticsearch"},
        TooOldError,
        r"is version 7\.17\.9",
    ),
    "a proxy's page": (200, b"<html>", {"Content_Type": "application/json"}, NotAskedWellError, "is not JSON"),
    "a broken page": (502, b"<html>\x1b[2J", {"Content_Type": "text/html"}, SearchError, "502"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_elasticsearch_of_today_is_named(name: str) -> None:
    status, content, headers, error, said = OTHERS[name]
    with answering(status, content, **headers) as url, pytest.raises(error, match=said) as caught:
        look(Address((url,)))
    assert caught.value.message.isprintable()


def test_patience_ends_and_begins_anew_with_progress() -> None:
    clock = FakeClock()
    waiting = Waiting(clock, 10)
    started = clock.monotonic()
    assert [waiting.again() for _ in range(6)] == [True] * 5 + [False], "0.2, 0.4, 0.8, 1.6, 3.2 s, and no more"
    assert clock.monotonic() - started == pytest.approx(6.2)
    waiting.begin()
    assert waiting.again()


@pytest.mark.elasticsearch
def test_a_cluster_is_asked_only_if_its_certificate_is_proved(search_cluster: Cluster, tmp_path: Path) -> None:
    right = certificate(tmp_path / "right.pem", "127.0.0.1")
    other_name = certificate(tmp_path / "name.pem", "127.0.0.2")
    node = search_cluster.nodes[0]
    with relay(node, key=KEY, certificate=right) as secure, relay(node, key=KEY, certificate=other_name) as elsewhere:
        assert look(Address((secure.url,), right, lambda: KEY)) in ("green", "yellow")
        secure.asked.clear()
        for address in (
            Address((secure.url,)),
            Address((secure.url,), other_name),
            Address((elsewhere.url,), other_name),
        ):
            with pytest.raises(UntrustedError, match="cannot be trusted: certificate verify failed") as caught:
                look(Address(address.urls, address.ca_file, lambda: KEY))
            assert "ca_file" in caught.value.hint
        assert secure.asked + elsewhere.asked == [], "nobody unproved is told anything, least of all the key"


@pytest.mark.elasticsearch
def test_a_key_that_is_not_known_is_said_and_never_shown(
    search_cluster: Cluster, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with relay(search_cluster.nodes[0], key="another") as between:
        with pytest.raises(AccessError, match="does not accept the API key") as caught:
            look(Address((between.url,), key=lambda: KEY))
        assert between.asked[0].authorization == f"ApiKey {KEY}"
    shown = f"{caught.value!r} {caught.value.hint} {caplog.text} {capfd.readouterr()}"
    assert (KEY in shown, caught.value.status) == (False, 401)


@pytest.mark.elasticsearch
def test_another_node_is_asked_when_the_first_does_not_answer(search_cluster: Cluster) -> None:
    urls = ("http://127.0.0.1:9", search_cluster.nodes[1].url)
    for _ in range(4):  # whichever the client takes first
        with Engine(Address(urls), FakeClock(), patience=5) as engine:
            assert engine.look().nodes == 3
    with Engine(Address(urls[:1]), FakeClock(), patience=5) as engine, pytest.raises(UnreachableError):
        engine.look()
