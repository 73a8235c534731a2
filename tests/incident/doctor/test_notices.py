from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from incident.doctor import notices
from inventory.people import People
from inventory.settings import Elasticsearch, Settings
from inventory.site import Site
from ledger import outbox
from ledger.ledger import Ledger


def site(**settings: object) -> Site:
    return Site(Path("/site"), Settings.model_validate({"site": "try"} | settings), {}, {}, {}, People())


@pytest.fixture(params=[200, 401, 503])
def engine(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """Something that answers HTTP, and with what."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(request.param)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", request.param
    server.shutdown()
    server.server_close()


def test_an_engine_that_wants_its_key_is_reached_and_one_that_fails_is_not(engine: tuple[str, int]) -> None:
    url, code = engine
    found = notices.answers(site(), Elasticsearch(url=url))
    assert (found.state, str(code) in found.found) == ("red" if code == 503 else "green", True)


def test_without_a_channel_notices_are_amber_and_with_one_green(ledger: Ledger) -> None:
    assert [each.state for each in notices.notices(site(), ledger)] == ["amber"]
    told = site(notifications={"duty": {"command": ["cat"]}})
    assert [each.state for each in notices.notices(told, ledger)] == ["green"]
    outbox.put(ledger, "a", "duty", {})
    assert [each.state for each in notices.notices(told, ledger)] == ["green"], "what was not tried yet is no fault"
