"""What the ledger keeps of hardening."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.ledger import Ledger
from playbooks import history, judge
from playbooks.apply import Applied
from playbooks.judge import Verdict, Word
from playbooks.plan import Change, Outcome
from playbooks.scan import HostScan, Scan
from tests.fakes.clock import FakeClock


def host(name: str, *words: Word, systems: tuple[str, ...] = ("edoc",), error: str | None = None) -> HostScan:
    verdicts = tuple(Verdict(f"HF-TRY-{n:03d}", word, "high", "x", "y") for n, word in enumerate(words))
    return HostScan(name, systems, 3, error, verdicts)


def test_a_system_never_scanned_has_no_hardening(ledger: Ledger) -> None:
    assert history.latest(ledger) == {}


def test_the_newest_scan_of_each_host_counts_and_the_oldest_of_them_dates_the_system(
    ledger: Ledger, clock: FakeClock
) -> None:
    history.record_scan(ledger, Scan((host("one", "fail", "fail"), host("two", "pass", "unknown"))))
    first = clock.now()
    clock.advance(hours=1)
    history.record_scan(ledger, Scan((host("one", "pass", "fail", "not_applicable"),)))
    found = history.latest(ledger)["edoc"]
    assert (found.at, found.seq) == (first, 2)
    assert (found.passed, found.failed, found.unknown, found.not_applicable) == (2, 1, 1, 1)
    assert found.failing == ("HF-TRY-001",)
    assert found.hosts == ("one", "two")
    assert found.evidence == (2, 3)


def test_a_host_that_left_the_inventory_does_not_count(ledger: Ledger) -> None:
    history.record_scan(ledger, Scan((host("old", "fail"), host("new", "pass"))))
    found = history.latest(ledger, {"new"})["edoc"]
    assert (found.hosts, found.failed, found.evidence) == (("new",), 0, (2,))
    assert history.latest(ledger, set()) == {}


def test_a_system_was_judged_against_the_lowest_level_of_its_hosts(ledger: Ledger) -> None:
    history.record_scan(ledger, Scan((host("one", "pass"), replace(host("two", "pass"), level=1))))
    assert history.latest(ledger)["edoc"].level == 1


def test_a_host_not_reached_takes_its_old_verdicts_out_of_the_count(ledger: Ledger) -> None:
    history.record_scan(ledger, Scan((host("one", "pass"),)))
    history.record_scan(ledger, Scan((host("one", error="not reached: refused"),)))
    found = history.latest(ledger)["edoc"]
    assert (found.passed, found.unreached) == (0, ("one",))


def test_a_host_of_two_systems_counts_for_both(ledger: Ledger) -> None:
    history.record_scan(ledger, Scan((host("one", "fail", systems=("edoc", "sso")),)))
    assert {key: found.failed for key, found in history.latest(ledger).items()} == {"edoc": 1, "sso": 1}


def test_applying_is_recorded_with_before_and_after_and_counts_as_a_scan(ledger: Ledger) -> None:
    outcome = Outcome((Change("one", "ssh", "Write", "", ""),), {}, {})
    history.record_apply(ledger, Applied(Scan((host("one", "fail"),)), outcome, Scan((host("one", "pass"),))))
    applied, scanned = ledger.read()
    assert (applied.kind, applied.system, applied.body["changed"]) == ("harden.applied", "edoc", 1)
    assert applied.body["controls_before"]["fail"] == applied.body["controls_after"]["pass"] == 1
    assert scanned.kind == "harden.scanned"
    assert history.latest(ledger)["edoc"].failed == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(
    names=st.lists(
        st.tuples(st.sampled_from(["one", "two"]), st.sampled_from(["pass", "fail"]), st.booleans()), max_size=4
    )
)
def test_the_kept_view_equals_the_one_rebuilt_from_the_records(
    ledger: Ledger, names: list[tuple[str, Word, bool]]
) -> None:
    for name, word, look in names:
        history.record_scan(ledger, Scan((host(name, word),)))
        if look:
            history.latest(ledger)
    assert ledger.project(history.HARDENING) == ledger.rebuild(history.HARDENING)


def test_the_ledger_keeps_what_was_found_and_a_waiver_counts_only_while_it_holds(ledger: Ledger) -> None:
    found = host("one", "pass", "fail", "fail", systems=("edoc", "sso"))
    judged = replace(found, verdicts=tuple(judge.waive(found.verdicts, {"HF-TRY-001": "waived"})))
    history.record_scan(ledger, Scan((judged,)))
    assert next(ledger.read()).body["counts"]["fail"] == 2
    today = history.latest(ledger, waived={"edoc": {"HF-TRY-001": None}})
    assert (today["edoc"].failed, today["edoc"].failing, today["edoc"].waived) == (1, ("HF-TRY-002",), ("HF-TRY-001",))
    assert (today["sso"].failed, today["sso"].waived) == (2, ())
    assert history.latest(ledger)["edoc"].failed == 2
