from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from incident import acts, rechecking
from incident.incident import find
from inventory.errors import RefusedError, UsageError
from inventory.people import People
from inventory.settings import Settings
from inventory.site import Site
from inventory.system import System
from ledger.ledger import Ledger


class Answers:
    """A web page that can be made to fail."""

    def __init__(self) -> None:
        self.status = 200


@pytest.fixture
def page() -> Iterator[tuple[Answers, str]]:
    answers = Answers()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answers.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield answers, f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def site(page: tuple[Answers, str], tmp_path: Path) -> Site:
    web = System.model_validate({"name": "Web", "normal_when": [{"http": page[1]}]})
    untested = System.model_validate({"name": "No tests"})
    return Site(tmp_path, Settings(site="s"), {"web": web, "untested": untested}, {}, {}, People())


def opened(ledger: Ledger, *systems: str) -> None:
    acts.open_incident(ledger, "t", [], systems, {})
    acts.notify_police(ledger, find(ledger, None), told=False, reason="no attack", receipt="")


def test_a_system_that_passes_its_own_tests_is_normal_without_a_restore_and_says_why(
    ledger: Ledger, site: Site
) -> None:
    opened(ledger, "web")
    found = rechecking.recheck(ledger, site, find(ledger, None), "false alarm")
    assert found["web"].normal
    incident = find(ledger, None)
    assert incident.still_down == ()
    assert incident.normal["web"].bytes == 0
    [record] = ledger.read(kinds=("system.normal",))
    assert record.body["reason"] == "false alarm"


def test_a_system_that_fails_or_has_no_tests_stays_down(ledger: Ledger, site: Site, page: tuple[Answers, str]) -> None:
    page[0].status = 500
    opened(ledger, "web", "untested")
    found = rechecking.recheck(ledger, site, find(ledger, None), "try")
    assert [found[key].normal for key in ("web", "untested")] == [False, False]
    assert set(find(ledger, None).still_down) == {"web", "untested"}


def test_it_needs_words_and_something_that_is_down(ledger: Ledger, site: Site) -> None:
    opened(ledger, "web")
    with pytest.raises(UsageError, match="needs words"):
        rechecking.recheck(ledger, site, find(ledger, None), " ")
    rechecking.recheck(ledger, site, find(ledger, None), "false alarm")
    with pytest.raises(UsageError, match="nothing is down"):
        rechecking.recheck(ledger, site, find(ledger, None), "again")


def test_an_incident_is_not_closed_over_a_system_that_fails_again(
    ledger: Ledger, site: Site, page: tuple[Answers, str]
) -> None:
    opened(ledger, "web")
    rechecking.recheck(ledger, site, find(ledger, None), "false alarm")
    page[0].status = 503
    with pytest.raises(RefusedError, match="does not pass its own tests now") as caught:
        rechecking.close_now(ledger, site, find(ledger, None), "over")
    assert "incident affect" in caught.value.hint
    acts.affect(ledger, find(ledger, None), ["web"])
    assert find(ledger, None).still_down == ("web",)
    page[0].status = 200
    rechecking.recheck(ledger, site, find(ledger, None), "cable replaced")
    rechecking.close_now(ledger, site, find(ledger, None), "over")
    assert not find(ledger, "inc-" + next(iter(ledger.read())).at.strftime("%Y%m%d") + "-01").open


def test_a_closed_incident_is_left_alone(ledger: Ledger, site: Site) -> None:
    opened(ledger, "web")
    incident = find(ledger, None)
    rechecking.recheck(ledger, site, incident, "false alarm")
    rechecking.close_now(ledger, site, find(ledger, None), "over")
    with pytest.raises(RefusedError):
        rechecking.recheck(ledger, site, find(ledger, incident.id), "again")
    with pytest.raises(RefusedError):
        rechecking.close_now(ledger, replace(site), find(ledger, incident.id), "again")
