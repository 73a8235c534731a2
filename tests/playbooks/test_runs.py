from __future__ import annotations

import pytest

from inventory.errors import UsageError
from ledger.ledger import Entry, Ledger
from playbooks import runs

DIGEST = "0" * 64


def applied(ledger: Ledger, host: str, kept: runs.Kept | None) -> None:
    ledger.append_all([Entry(runs.APPLIED, {"run": "h-1", "host": host, "kept": kept}, None)])


def test_a_run_knows_by_host_what_it_changed_and_where_it_broke_off(ledger: Ledger) -> None:
    runs.begin(ledger, "h-1", ["web-1", "web-2"])
    applied(ledger, "web-1", {"content /etc/login.defs": DIGEST})
    found = runs.find(ledger, "h-1")
    assert (found.hosts, found.by) == ({"web-1": {"content /etc/login.defs": DIGEST}, "web-2": None}, ledger.actor)
    with pytest.raises(UsageError, match="no run 'h-2'") as caught:
        runs.find(ledger, "h-2")
    assert "h-1" in caught.value.hint


def test_a_host_on_which_all_was_put_back_has_nothing_left_and_one_that_failed_has(ledger: Ledger) -> None:
    runs.begin(ledger, "h-1", ["web-1", "web-2"])
    for host in ("web-1", "web-2"):
        applied(ledger, host, {"sysctl net.a": DIGEST})
    ledger.append_all(
        [
            runs.rolled_back("h-1", "web-1", None, ["net.a"], None, whole=True),
            runs.rolled_back("h-1", "web-2", None, [], "it was full", whole=True),
        ]
    )
    assert runs.find(ledger, "h-1").hosts == {"web-1": {}, "web-2": {"sysctl net.a": DIGEST}}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {"kind": "content"},
        ["x"],
        [{"kind": "content", "name": "/etc/x", "before": "short"}],
        [{"kind": "content", "name": 1, "before": DIGEST}],
        [{"kind": "content", "name": "x" * 5000, "before": DIGEST}],
        [{"kind": "content", "name": "/etc/x", "before": DIGEST}] * 2001,
    ],
)
def test_a_host_that_says_no_such_thing_kept_nothing_we_could_hold_it_to(answer: object) -> None:
    assert runs.kept(answer) is None


def test_what_a_host_kept_is_known_by_kind_and_name() -> None:
    assert runs.kept([{"kind": "sysctl", "name": "net.a", "before": DIGEST}]) == {"sysctl net.a": DIGEST}
