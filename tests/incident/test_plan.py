from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident import plan
from incident.plan import NoRestorePointError, RecoveryPlan, RestorePoint, choose, order
from incident.runbook import Book
from inventory.errors import ExitCode, HoldfastError, UsageError
from inventory.graph import dependencies
from inventory.system import System
from tests.incident import making
from tests.incident.making import COPY, NOON, NORMAL, RESTORE

HOUR = timedelta(hours=1)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, System], list[str]]:
    """Systems that depend only on earlier ones, in any order, and those of them that are lost."""
    keys = [f"s{number}" for number in range(draw(st.integers(1, 9)))]
    systems = {}
    for number, key in enumerate(keys):
        needs = draw(st.sets(st.sampled_from(keys[:number]))) if number else set()
        systems[key] = making.system(*sorted(needs), rto=f"{draw(st.integers(1, 24))}h")
    mixed = draw(st.permutations(keys))
    lost = draw(st.lists(st.sampled_from(keys), min_size=1, unique=True))
    return {key: systems[key] for key in mixed}, lost


def reachable(key: str, systems: dict[str, System]) -> set[str]:
    found: set[str] = set()
    waiting = list(systems[key].depends_on)
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting += systems[other].depends_on
    return found


@given(graphs())
def test_each_system_comes_after_all_it_depends_on_also_through_others(
    drawn: tuple[dict[str, System], list[str]],
) -> None:
    systems, lost = drawn
    ordered = order(lost, systems)
    assert sorted(ordered) == sorted(lost)
    for place, key in enumerate(ordered):
        assert reachable(key, systems) & set(lost) <= set(ordered[:place])
        assert dependencies(key, lost, systems) <= reachable(key, systems) & set(lost)


@given(graphs())
def test_the_order_does_not_hang_on_the_order_of_the_question(drawn: tuple[dict[str, System], list[str]]) -> None:
    systems, lost = drawn
    assert order(lost, systems) == order(sorted(lost), systems)


def test_the_critical_path_comes_first() -> None:
    systems = {
        "quick": making.system(rto="1h"),
        "base": making.system(rto="4h"),
        "top": making.system("base", rto="8h"),
        "alone": making.system(rto="6h"),
    }
    assert order(list(systems), systems) == ["base", "top", "alone", "quick"]


def test_among_equals_the_shortest_target_comes_first() -> None:
    systems = {
        "b": making.system(rto="4h"),
        "a": making.system(rto="2h"),
        "after-a": making.system("a", rto="2h"),
        "c": making.system(rto="4h"),
    }
    assert order(list(systems), systems) == ["a", "b", "c", "after-a"]


def test_a_dependency_behind_a_system_that_is_not_lost_still_counts() -> None:
    systems = {"net": making.system(), "dc": making.system("net"), "sso": making.system("dc")}
    assert dependencies("sso", ["net", "sso"], systems) == {"net"}
    assert order(["sso", "net"], systems) == ["net", "sso"]


def test_a_system_with_an_approved_72_hours_does_not_come_before_what_many_wait_for() -> None:
    late = {"rto": "72h", "rto_reason": "they send again", "rto_approver": "head"}
    systems = {
        "net": making.system(rto="2h"),
        "iot": making.system("net", **late),
        "sso": making.system("net", rto="4h"),
        "dw": making.system("sso", rto="24h"),
    }
    assert plan.order(list(systems), systems) == ["net", "sso", "dw", "iot"]


def test_many_diamonds_on_top_of_each_other_are_ordered_at_once() -> None:
    systems: dict[str, System] = {"d0": making.system()}
    for level in range(60):
        for side in "lr":
            systems[f"{side}{level}"] = making.system(f"d{level}")
        systems[f"d{level + 1}"] = making.system(f"l{level}", f"r{level}")
    assert order(list(systems), systems)[-1] == "d60"


def test_a_circle_is_named_as_such() -> None:
    systems = {"a": making.system("b"), "b": making.system("a")}
    with pytest.raises(HoldfastError, match="circle"):
        order(["a", "b"], systems)


points = st.builds(
    making.point,
    snapshot=st.text("0123456789abcdef", min_size=64, max_size=64),
    kind=st.sampled_from(["vault", "medium"]),
    time=st.integers(-6, 6).map(lambda hours: NOON + hours * HOUR),
    reachable=st.booleans(),
    suspect=st.sampled_from(["", "a check found damage"]),
)


@given(st.lists(points, max_size=8))
def test_the_copy_chosen_is_the_newest_good_one_from_before_preferably_at_hand(found: list[RestorePoint]) -> None:
    chosen = choose(found, NOON)
    good = [each for each in found if not each.suspect and each.time <= NOON]
    assert (chosen is None) == (not good)
    if chosen is not None:
        assert chosen in good
        rivals = [each for each in good if each.reachable] or [each for each in good if each.kind == "medium"] or good
        assert chosen in rivals
        assert all(chosen.time >= each.time for each in rivals)


def test_a_copy_from_the_very_moment_of_detection_still_counts() -> None:
    assert choose([making.point(time=NOON)], NOON) is not None
    assert choose([making.point(time=NOON + timedelta(microseconds=1))], NOON) is None


SYSTEMS = {"edoc": making.system("sso", host="documents-1"), "sso": making.system(host="signon-1")}
BOOK = Book({"generic": making.runbook(COPY, RESTORE, NORMAL)}, {})


def made(**different: Any) -> RecoveryPlan:
    usual: dict[str, Any] = {
        "incident": "inc-1",
        "keys": list(SYSTEMS),
        "systems": SYSTEMS,
        "points": {key: [making.point()] for key in SYSTEMS},
        "targets": {"documents-1": "spare-1"},
        "book": BOOK,
        "before": dict.fromkeys(("sso", "edoc", "open"), NOON),
        "now": NOON,
    }
    return plan.make(**(usual | different))


def test_a_plan_says_what_comes_from_where_onto_what_in_which_order() -> None:
    found = made()
    assert [(each.key, each.after, each.targets) for each in found.systems] == [
        ("sso", [], {"signon-1": "signon-1"}),
        ("edoc", ["sso"], {"documents-1": "spare-1"}),
    ]
    assert {step.key: step.needs for step in found.steps} == {
        "sso/copy": [],
        "sso/restore": ["sso/copy"],
        "sso/normal": ["sso/restore"],
        "edoc/copy": ["sso/normal"],
        "edoc/restore": ["edoc/copy"],
        "edoc/normal": ["edoc/restore"],
    }
    assert found.system("edoc").copy_from.snapshot == "a" * 64


def test_a_system_without_a_copy_is_listed_with_the_reason_and_nobody_waits_for_it() -> None:
    bad = [making.point(suspect="a check found damage"), making.point(time=NOON + HOUR, snapshot="b" * 64)]
    found = made(points={"sso": bad, "edoc": [making.point()]})
    (missing,) = found.missing
    assert missing.key == "sso"
    assert missing.why == "aaaaaaaa on main: a check found damage; bbbbbbbb on main: newer than the first sign"
    assert found.steps[0].needs == []


def test_without_any_copy_there_is_no_plan() -> None:
    with pytest.raises(NoRestorePointError, match="no copy is known") as caught:
        made(points={})
    assert caught.value.exit_code == ExitCode.REFUSED


def test_a_target_for_a_host_that_is_not_in_the_plan_is_refused() -> None:
    with pytest.raises(UsageError, match="document-1") as caught:
        made(targets={"document-1": "spare-1"})
    assert "documents-1, signon-1" in caught.value.hint


def test_a_runbook_that_does_not_exist_is_named() -> None:
    with pytest.raises(UsageError, match="'edoc-book'"):
        made(systems=SYSTEMS | {"edoc": making.system("sso", runbook="edoc-book")}, targets={})


def test_a_plan_reads_back_the_same_from_the_ledger() -> None:
    found = made()
    again = RecoveryPlan.model_validate(found.model_dump(mode="json"))
    assert again == found
    assert again.digest() == found.digest()


def test_the_digest_changes_with_anything_that_matters_and_not_with_the_hour_it_was_made() -> None:
    point = making.point()
    variants = [
        made(),
        made(incident="inc-2"),
        made(targets={}),
        made(targets={"documents-1": "spare-2"}),
        made(keys=["sso"], targets={}),
        made(points={"sso": [point], "edoc": []}, targets={}),
        made(systems=SYSTEMS | {"sso": making.system(host="signon-1", rto="3h")}),
        made(book=Book({"generic": making.runbook(COPY, RESTORE | {"limit": "1h1m1s"}, NORMAL)}, {})),
        made(book=Book({"generic": making.runbook(COPY, RESTORE | {"limit": "1h1m2s"}, NORMAL)}, {})),
        *(
            made(points={"sso": [replace(point, **change)], "edoc": [point]})
            for change in (
                {"store": "other"},
                {"kind": "medium"},
                {"snapshot": "b" * 64},
                {"bytes": 1},
                {"reachable": False},
                {"time": NOON},
            )
        ),
    ]
    assert len({each.digest() for each in variants}) == len(variants)
    assert made(now=NOON + HOUR).digest() == made().digest()
