from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import pytest

from inventory import lines, packs, policy
from inventory.errors import UsageError
from inventory.lines import SiteError
from inventory.packs import Pack

HOUR = timedelta(hours=1)


def pack(directory: Path, name: str, text: str) -> None:
    (directory / f"{name}.yml").write_text(f"title: {name}\ndated: 2026-01-31\n{text}")


def clock(due: str, warn: str = "warn_at: [0.5, 1.0]") -> str:
    return f"""
clocks:
  acknowledge:
    {{title: T, starts: detection, due: {due}, {warn}, source: some written source, verified: false}}
"""


def limit(value: str, stricter: str = "smaller") -> str:
    return f"""
limits:
  scan_every:
    title: T
    stricter: {stricter}
    values: [{{levels: [3], value: {value}, source: some written source, verified: false}}]
"""


AT_ONCE = clock("at_once", "remind_every: 10m")
DAY = """
calendar:
  report: {title: T, every_year: 12-14, warn: [3d, 30d], source: some written source, verified: false}
"""


@pytest.mark.parametrize("name", packs.known())
def test_every_shipped_pack_is_valid_and_every_number_has_a_source(name: str) -> None:
    read = lines.validate(lines.read(packs.PACKS / f"{name}.yml"), Pack)
    numbers = [*read.clocks.values(), *(value for limit in read.limits.values() for value in limit.values)]
    numbers += read.calendar.values()
    assert numbers
    assert all(number.source.strip() for number in numbers)


def test_the_baseline_holds_what_the_mission_itself_says_as_verified() -> None:
    baseline = policy.load(["baseline"])
    acknowledge, recover = baseline.clock("acknowledge"), baseline.clock("recover")
    assert acknowledge is not None
    assert recover is not None
    assert (acknowledge.due, acknowledge.warn_at, acknowledge.verified) == (4 * HOUR, (0.5, 0.75, 0.9, 1.0), True)
    assert (recover.due, recover.warn_at, recover.verified) == ("rto", (0.5, 0.75, 0.92, 1.0), True)
    assert recover.length(8 * HOUR) == 8 * HOUR
    assert acknowledge.length(8 * HOUR) == 4 * HOUR
    target = baseline.limit("recovery_target", 3)
    assert target is not None
    assert (target.duration, target.verified) == (24 * HOUR, True)


def test_the_baseline_marks_every_proposal_as_not_verified() -> None:
    baseline = policy.load(["baseline"])
    verified = {name for name, levels in baseline.limits.items() for found in levels.values() if found.verified}
    assert verified == {"recovery_target"}


def test_the_baseline_asks_every_level_for_three_copies_on_two_media_with_one_offline() -> None:
    baseline = policy.load(["baseline"])
    for level in range(1, 6):
        asked = [baseline.limit(name, level) for name in ("copies", "media", "offline_copies")]
        assert [found.count for found in asked if found] == [3, 2, 1]


@pytest.mark.parametrize("name", packs.known())
def test_each_pack_alone_is_enough_to_run_an_incident_and_judge_readiness(name: str) -> None:
    alone = policy.load([name])
    assert alone.clock("acknowledge") and alone.clock("recover")
    assert all(alone.limit("recovery_target", level) for level in range(1, 6))


def test_nothing_in_the_packs_of_the_rules_is_called_verified_but_the_missions_own_words() -> None:
    for name in ("vn-2016", "vn-2026"):
        pack = policy.load([name])
        verified = {rule.key for rule in pack.clocks if rule.verified}
        verified |= {key for key, levels in pack.limits.items() for limit in levels.values() if limit.verified}
        verified |= {rule.key for rule in pack.calendar if rule.verified}
        assert verified == {"acknowledge", "recover", "recovery_target"}


def test_the_rules_of_2026_hold_every_clock_of_theirs() -> None:
    found = {rule.key: (rule.starts, rule.applies, rule.due) for rule in policy.load(["vn-2026"]).clocks}
    assert found == {
        "acknowledge": ("report", "all", 4 * HOUR),
        "recover": ("detection", "all", "rto"),
        "police": ("detection", "national_security", "at_once"),
        "first_notice": ("detection", "serious", 24 * HOUR),
        "incident_report": ("detection", "all", 72 * HOUR),
        "personal_data": ("believed_affected", "personal_data", 72 * HOUR),
    }
    report = policy.load(["vn-2026"]).clock("incident_report")
    assert report is not None
    assert report.warn_at == (48 / 72, 66 / 72, 71 / 72)


def test_the_rules_of_2016_hold_every_clock_of_theirs() -> None:
    found = {rule.key: (rule.starts, rule.applies, rule.due) for rule in policy.load(["vn-2016"]).clocks}
    assert found["notice"] == ("detection", "all", timedelta(days=5))
    assert found["final_report"] == ("end_of_response", "all", timedelta(days=5))
    assert found["personal_data"] == ("believed_affected", "personal_data", 72 * HOUR)


@pytest.mark.parametrize(
    ("name", "by_level"),
    [
        ("separate_store", [None, True, True, True, True]),
        ("offline_copies", [None, None, 1, 1, 1]),
        ("other_place_km", [None, None, None, None, 30]),
        ("restore_test_every", [365, 365, 91, 91, 91]),
        ("logs_kept", [None, 31, 92, 184, 366]),
        ("log_review_every", [365, 365, 182, 30, 30]),
        ("scan_every", [365, 365, 182, 91, 30]),
        ("account_review_every", [365, 365, 182, 91, 30]),
        ("idle_accounts_off", [45] * 5),
        ("incident_drill_every", [None, None, 365, 365, 365]),
        ("training_every", [365] * 5),
        ("mfa", [True] * 5),
        ("central_log_analysis", [None, None, True, True, True]),
        ("round_the_clock_watch", [None, None, None, True, True]),
    ],
)
def test_the_rules_of_2026_ask_each_level_for_what_the_table_says(name: str, by_level: list[object]) -> None:
    pack = policy.load(["vn-2026"])
    asked = [pack.limit(name, level) for level in range(1, 6)]
    plain = [each and (each.value.days if isinstance(each.value, timedelta) else each.value) for each in asked]
    assert plain == by_level


def test_the_calendar_of_2026_has_its_days_and_warnings() -> None:
    days = policy.load(["vn-2026"]).calendar
    assert [rule.every_year or str(rule.day) for rule in days] == [
        "12-14",
        "12-20",
        "12-25",
        "2026-12-31",
        "2027-06-30",
    ]
    assert {rule.warn for rule in days} == {(timedelta(days=30), timedelta(days=14), timedelta(days=3))}


@pytest.mark.parametrize("level", range(1, 6))
def test_a_higher_level_is_never_asked_for_less(level: int) -> None:
    baseline = policy.load(["baseline"])
    for name in ("restore_test_every", "scan_every", "copy_check_every", "offline_proof_every"):
        here, lowest = baseline.limit(name, level), baseline.limit(name, max(1, level - 1))
        assert here is not None
        assert lowest is not None
        assert here.duration <= lowest.duration


def test_a_number_without_a_source_is_refused(tmp_path: Path) -> None:
    pack(tmp_path, "bare", clock("4h").replace("source: some written source, ", ""))
    with pytest.raises(SiteError, match="source is missing"):
        policy.load(["bare"], tmp_path)
    pack(tmp_path, "empty", limit("7d").replace("some written source", '""'))
    with pytest.raises(SiteError, match=r"limits.scan_every.values.0.source"):
        policy.load(["empty"], tmp_path)


def test_of_two_packs_the_stricter_holds_in_either_order(tmp_path: Path) -> None:
    pack(tmp_path, "mild", clock("8h", "warn_at: [0.9]") + limit("30d"))
    pack(tmp_path, "strict", clock("4h", "warn_at: [0.5]") + limit("7d"))
    for names in (["mild", "strict"], ["strict", "mild"]):
        joined = policy.load(names, tmp_path)
        (rule,) = joined.clocks
        found = joined.limit("scan_every", 3)
        assert (rule.due, rule.warn_at) == (4 * HOUR, (0.5, 0.9))
        assert found is not None
        assert found.duration == timedelta(days=7)


def test_where_more_is_stricter_the_larger_number_holds(tmp_path: Path) -> None:
    pack(tmp_path, "two", limit("2", "larger"))
    pack(tmp_path, "three", limit("3", "larger"))
    for names in (["two", "three"], ["three", "two"]):
        found = policy.load(names, tmp_path).limit("scan_every", 3)
        assert found is not None
        assert found.count == 3


def test_at_once_is_stricter_than_any_time_and_a_yes_than_a_no_and_all_incidents_than_some(tmp_path: Path) -> None:
    pack(tmp_path, "mild", clock("4h", "applies: serious, warn_at: [1.0]") + limit("false", "yes"))
    pack(tmp_path, "strict", AT_ONCE + limit("true", "'yes'"))
    pack(tmp_path, "target", clock("rto"))
    for names in (["mild", "strict"], ["strict", "mild"], ["target", "strict", "mild"]):
        joined = policy.load(names, tmp_path)
        (rule,) = joined.clocks
        assert (rule.due, rule.applies, rule.warn_at, rule.remind_every) == ("at_once", "all", (), HOUR / 6)
        found = joined.limit("scan_every", 3)
        assert found is not None
        assert found.asked


def test_a_day_that_two_packs_know_has_the_warnings_of_both(tmp_path: Path) -> None:
    pack(tmp_path, "one", DAY)
    pack(tmp_path, "two", DAY.replace("[3d, 30d]", "[14d]"))
    (rule,) = policy.load(["one", "two"], tmp_path).calendar
    assert [warn.days for warn in rule.warn] == [30, 14, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (clock("at_once"), "remind_every belongs"),
        (clock("at_once", "remind_every: 10m, warn_at: [1.0]"), "warn_at belongs"),
        (clock("4h", "warn_at: []"), "warn_at belongs"),
        (clock("4h", "warn_at: [5h]"), "must not come after"),
        (clock("rto", "warn_at: [5h]"), "needs a `due` that is a time"),
        (clock("4h").replace("detection", "sunrise"), "starts"),
        (limit("true"), "belongs to values that are yes or no"),
        (limit("7d", "yes"), "belongs to values that are yes or no"),
        (DAY.replace("12-14", "02-30"), "every_year"),
        (DAY.replace("12-14", "12-14, day: 2026-12-14"), "needs one of"),
    ],
)
def test_a_pack_that_is_unclear_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    pack(tmp_path, "bad", text)
    with pytest.raises(SiteError, match=said) as caught:
        policy.load(["bad"], tmp_path)
    assert all(problem.line > 1 for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (clock("4h"), clock("rto")),
        (limit("7d"), limit("7")),
        (limit("7d"), limit("7d", "larger")),
        (limit("7d"), limit("true", "yes")),
        (clock("4h"), clock("4h").replace("starts: detection", "starts: end_of_response")),
        (clock("4h", "applies: serious, warn_at: [1.0]"), clock("4h", "applies: personal_data, warn_at: [1.0]")),
        (DAY, DAY.replace("12-14", "12-15")),
    ],
)
def test_packs_that_cannot_be_compared_are_refused(tmp_path: Path, one: str, other: str) -> None:
    pack(tmp_path, "one", one)
    pack(tmp_path, "other", other)
    with pytest.raises(UsageError):
        policy.load(["one", "other"], tmp_path)


def test_a_level_that_is_asked_nothing_gets_none_and_an_unknown_limit_is_a_mistake_of_ours(tmp_path: Path) -> None:
    pack(tmp_path, "one", limit("7d"))
    read = policy.load(["one"], tmp_path)
    assert read.limit("scan_every", 1) is None
    assert read.clock("recover") is None
    with pytest.raises(KeyError):
        read.limit("no_such_limit", 1)


def test_an_unknown_pack_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no policy pack 'vn-1900'") as caught:
        policy.load(["vn-1900"])
    assert "baseline" in caught.value.hint


def test_the_shipped_packs_can_be_chosen_together_in_any_order_and_say_the_same() -> None:
    names = packs.known()
    for count in range(1, len(names) + 1):
        joined = [policy.load(order) for order in itertools.permutations(names, count)]
        by_choice: dict[frozenset[str], set[str]] = {}
        for one in joined:
            said = sorted((rule.key, rule.applies, str(rule.due), rule.warn_at) for rule in one.clocks)
            limits = sorted((k, sorted((v, str(x.value)) for v, x in each.items())) for k, each in one.limits.items())
            by_choice.setdefault(frozenset(one.names), set()).add(repr((said, limits)))
        assert all(len(each) == 1 for each in by_choice.values())
