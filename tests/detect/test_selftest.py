from __future__ import annotations

from pathlib import Path

import pytest

from detect import selftest
from detect.ruleset import load
from detect.selftest import FAIL, PASS, UNTESTED
from tests.detect.making import NOW, rule_text

LINE = '{"@timestamp": "{time}", "a": VALUE}'


def verdict(tmp_path: Path, tests: str) -> selftest.Result:
    (tmp_path / "r.yml").write_text(rule_text("s: {a: 1}\ncondition: s") + tests)
    (result,) = selftest.run(load([tmp_path]), NOW)
    return result


def examples(fires: str, silent: str) -> str:
    return f"holdfast:\n  tests:\n    fires: {fires}\n    silent: {silent}\n"


def case(value: str) -> str:
    return "[['" + LINE.replace("VALUE", value) + "']]"


def test_a_rule_that_does_what_its_examples_say_passes(tmp_path: Path) -> None:
    result = verdict(tmp_path, examples(case("1"), case("2")))
    assert (result.verdict, result.examples) == (PASS, 2)


@pytest.mark.parametrize(
    ("fires", "silent", "problem"),
    [
        (case("2"), case("2"), "did not fire on fires example 1"),
        (case("1"), case("1"), "fired on silent example 1"),
        (case("1"), "[]", "no silent example"),
        ("[]", case("2"), "no fires example"),
        ("[[5]]", case("2"), "must be a text"),
        ("[x]", case("2"), "must be a list"),
        ("[[rubbish]]", case("2"), "line 1 is no event"),
        ("[[{repeat: 2, every: never, line: x}]]", case("2"), "not a duration"),
    ],
)
def test_a_rule_that_does_not_fails_and_says_where(tmp_path: Path, fires: str, silent: str, problem: str) -> None:
    result = verdict(tmp_path, examples(fires, silent))
    assert result.verdict == FAIL
    assert problem in result.problem
    assert not result.passed


def test_a_rule_without_examples_is_untested_which_is_no_pass(tmp_path: Path) -> None:
    assert verdict(tmp_path, "").verdict == UNTESTED


def test_repeated_lines_move_on_in_time_and_number() -> None:
    made = selftest.events([{"repeat": 3, "every": "10s", "line": '{"@timestamp": "{time}", "n": {n}}'}], NOW)
    assert [event.fields["n"] for event in made] == [0, 1, 2]
    assert made[0].time is not None
    assert made[2].time is not None
    assert (made[2].time - made[0].time).total_seconds() == 20
