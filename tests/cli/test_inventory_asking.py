from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli import inventory_asking, output
from inventory import site
from inventory.errors import UsageError
from inventory.site import Site
from tests.cli import district

BOOKS = ["database-service", "dependency", "generic"]


@pytest.fixture
def read(tmp_path: Path) -> Site:
    root = district.make(tmp_path / "site")
    (root / "holdfast.yml").write_text(
        "site: d\nvaults: {main: {path: v}}\nmedia: {weekly: {disks: {a: {directory: /a, attach: /m}}}}\n"
    )
    return site.load(root)


def asked(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Give answers one after the other, then Enter; return the questions as they come."""
    waiting, questions = list(answers), []

    def ask(question: str) -> str:
        questions.append(question)
        return waiting.pop(0) if waiting else ""

    monkeypatch.setattr(output, "ask", ask)
    return questions


def complete(read: Site, said: dict[str, list[str]], *, ask: bool = False) -> tuple[dict[str, Any], frozenset[str]]:
    return inventory_asking.complete(read, "wiki", ["wiki-1"], said, BOOKS, ask=ask)


def test_without_a_terminal_the_options_count_and_everything_else_is_a_marked_default(read: Site) -> None:
    found, guessed = complete(read, {"rto": ["8h"], "rpo": ["6h"], "data": ["postgresql:wiki"]})
    assert found == {
        "name": "wiki",
        "unit": "",
        "accountable": "",
        "level": 1,
        "rto": "8h",
        "rpo": "6h",
        "depends_on": [],
        "data": [{"postgresql": "wiki", "host": "wiki-1"}],
        "copies": [{"vault": "main", "every": "6h"}, {"media": "weekly", "every": "7d"}],
        "logs": [],
        "runbook": "database-service",
        "normal_when": [],
    }
    assert guessed == found.keys() - {"rto", "rpo", "data"}


def test_at_a_terminal_each_question_shows_what_enter_stands_for(read: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = asked(monkeypatch)
    found, guessed = complete(read, {}, ask=True)
    shown = [question[question.rindex("[") :] for question in questions]
    assert shown == [
        "[wiki]",
        "[1]",
        "[24h]",
        "[24h]",
        "[none]",
        "[none]",
        "[vault:main, media:weekly]",
        "[generic]",
        "[none]",
    ]
    assert (found["level"], found["rto"], found["runbook"]) == (1, "24h", "generic")
    assert guessed == {"unit", "accountable", "depends_on", "data", "logs", "normal_when"}


def test_answers_are_taken_lists_one_after_the_other_until_enter(read: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = ["sso", "lgsp", "", "/srv/wiki", "sqlite:/srv/w.db", "", "vault:main=1h", "", ""]
    questions = asked(monkeypatch, "The wiki", "3", "8h", "6h", *lists, "https://wiki.example/", "")
    found, _ = complete(read, {}, ask=True)
    assert (found["name"], found["level"], found["rto"], found["rpo"]) == ("The wiki", 3, "8h", "6h")
    assert found["depends_on"] == ["sso", "lgsp"]
    assert [sorted(source) for source in found["data"]] == [["files", "host"], ["host", "sqlite"]]
    assert found["copies"] == [{"vault": "main", "every": "1h"}]
    assert found["runbook"] == "database-service"
    assert found["normal_when"] == [{"http": "https://wiki.example/"}]
    assert "another? [no more]" in questions[5]


def test_what_was_said_as_an_option_is_not_asked(read: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = asked(monkeypatch)
    complete(read, {"name": ["W"], "level": ["2"], "rto": ["1h"], "rpo": ["1h"], "data": ["/srv"]}, ask=True)
    assert len(questions) == 4


def test_more_than_24_hours_asks_for_the_reason_and_the_approver(read: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(monkeypatch, "W", "1", "72h", "they send again", "Ms Lan")
    found, _ = complete(read, {}, ask=True)
    assert (found["rto"], found["rto_reason"], found["rto_approver"]) == ("72h", "they send again", "Ms Lan")
    with pytest.raises(UsageError, match="rto_reason"):
        complete(read, {"rto": ["72h"]})


def test_an_answer_that_cannot_be_read_is_asked_again_three_times_at_most(
    read: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(monkeypatch, "W", "nine", "3")
    assert complete(read, {}, ask=True)[0]["level"] == 3
    assert "'nine' is no level" in capsys.readouterr().err
    asked(monkeypatch, "W", "9", "8", "7")
    with pytest.raises(UsageError, match="no answer to: its level"):
        complete(read, {}, ask=True)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"level": ["6"]}, "level: '6' is no level"),
        ({"rto": ["soon"]}, "rto: 'soon' is not a duration"),
        ({"depends_on": ["ssso"]}, "depends_on: 'ssso' is not there; did you mean sso"),
        ({"runbook": ["genric"]}, "runbook: 'genric' is not there; did you mean generic"),
        ({"data": ["mysql:x"]}, "data: 'mysql:x' is no data"),
        ({"copies": ["vault:main=often"]}, "copies: 'often' is not a duration"),
        ({"normal_when": ["port:x"]}, "normal_when: 'x' is no port"),
    ],
)
def test_an_option_that_cannot_be_read_names_its_key(read: Site, said: dict[str, list[str]], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        complete(read, said)
    assert says in caught.value.message


def test_what_others_run_is_asked_for_its_name_only(read: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = asked(monkeypatch, "National databases")
    found, guessed = complete(read, {"external": ["yes"]}, ask=True)
    assert found == {"name": "National databases", "external": True, "runbook": "dependency"}
    assert len(questions) == 1
    assert guessed == frozenset()
