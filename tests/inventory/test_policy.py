from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from inventory import lines, policy
from inventory.errors import UsageError
from inventory.lines import SiteError
from inventory.policy import Pack

HOUR = timedelta(hours=1)


def pack(directory: Path, name: str, text: str) -> None:
    (directory / f"{name}.yml").write_text(f"title: {name}\ndated: 2026-01-31\n{text}")


def clock(due: str, warn: str = "[0.5, 1.0]") -> str:
    return f"""
clocks:
  acknowledge:
    {{title: T, starts: S, due: {due}, warn_at: {warn}, source: some written source, verified: false}}
"""


def limit(value: str, stricter: str = "smaller") -> str:
    return f"""
limits:
  scan_every:
    title: T
    stricter: {stricter}
    values: [{{levels: [3], value: {value}, source: some written source, verified: false}}]
"""


@pytest.mark.parametrize("name", policy.known())
def test_every_shipped_pack_is_valid_and_every_number_has_a_source(name: str) -> None:
    read = lines.validate(lines.read(policy.PACKS / f"{name}.yml"), Pack)
    numbers = [*read.clocks.values(), *(value for limit in read.limits.values() for value in limit.values)]
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
    pack(tmp_path, "mild", clock("8h", "[0.9]") + limit("30d"))
    pack(tmp_path, "strict", clock("4h", "[0.5]") + limit("7d"))
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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (clock("4h"), clock("rto")),
        (limit("7d"), limit("7")),
        (limit("7d"), limit("7d", "larger")),
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
