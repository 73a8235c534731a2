from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli import app
from inventory import people
from inventory.errors import ExitCode
from tests.detect.making import accepted, failed, rule_text, site

RULE = rule_text("s: {a: 1}\ncondition: s", title="A is one", extra="level: high\n")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def holdfast(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = app.run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yml"
    file.write_text(RULE)
    return file


@pytest.fixture
def province(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site whose sign-on log holds an attack."""
    site(tmp_path, [{"host": "signon-1", "file": "/var/log/auth.log"}])
    login = people.current_login()
    (tmp_path / "site" / "people.yml").write_text(f"people: [{{name: Minh, login: {login}, roles: [security]}}]\n")
    log = tmp_path / "signon-1" / "var" / "log" / "auth.log"
    log.write_text("".join(failed("minh", n) for n in range(40)) + accepted("minh", 41))
    monkeypatch.setenv("HOLDFAST_SITE", str(tmp_path / "site"))
    return tmp_path


def test_files_are_judged_without_a_site_one_object_a_line(holdfast: Run, rules: Path, tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text('{"a": 1, "_id": "x"}\nrubbish\n{"a": 2}\n')
    (tmp_path / "two.jsonl").write_text('{"a": 1}\n')
    code, out, err = holdfast(
        "detect",
        "run",
        "--rules",
        rules,
        "--events",
        tmp_path / "one.jsonl",
        "--events",
        tmp_path / "two.jsonl",
        "--json",
    )
    assert code == ExitCode.FINDINGS
    hits = [json.loads(line) for line in out.splitlines()]
    assert [set(hit) for hit in hits] == [{"rule", "title", "level", "time", "event"}] * 2
    assert hits[0]["event"] == {"file": str(tmp_path / "one.jsonl"), "line": 1, "id": "x"}
    assert hits[1]["event"] == {"file": str(tmp_path / "two.jsonl"), "line": 1, "id": None}
    assert "one.jsonl:2: neither" in err
    assert "3 events, 1 corrupt lines, 1 rules, 2 hits in " in err


def test_when_nothing_fires_the_end_is_clean(holdfast: Run, rules: Path, tmp_path: Path) -> None:
    (tmp_path / "log").write_text('{"a": 2}\n')
    code, out, _ = holdfast("detect", "run", "--rules", rules, "--events", tmp_path / "log", "--json")
    assert (code, out) == (ExitCode.DONE, "")


def test_a_rule_that_cannot_be_run_is_named_and_with_strict_refused(holdfast: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text(RULE + "---\ntitle: Half a rule\n")
    (tmp_path / "log").write_text('{"a": 2}\n')
    arguments = ("detect", "run", "--rules", tmp_path / "bad.yml", "--events", tmp_path / "log")
    code, _, err = holdfast(*arguments)
    assert code == ExitCode.DONE
    assert "not run: " in err
    assert "Half a rule" in err
    code, _, err = holdfast(*arguments, "--strict")
    assert code == ExitCode.USAGE
    assert "1 rules cannot be run" in err


@pytest.mark.parametrize("content", [None, "no rule: at all"])
def test_a_run_without_any_rule_that_can_be_run_is_never_clean(
    holdfast: Run, tmp_path: Path, content: str | None
) -> None:
    (tmp_path / "log").touch()
    (tmp_path / "rules").mkdir()
    if content:
        (tmp_path / "rules" / "a.yml").write_text(content)
    code, _, err = holdfast("detect", "run", "--rules", tmp_path / "rules", "--events", tmp_path / "log")
    assert code == ExitCode.USAGE
    assert "no rule can be run" in err
    assert "hint: " in err


@pytest.mark.parametrize("option", ["--rules", "--events"])
def test_what_is_not_there_is_told(holdfast: Run, rules: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "log").touch()
    given: dict[str, Any] = {"--rules": rules, "--events": tmp_path / "log"} | {option: tmp_path / "gone"}
    code, _, err = holdfast("detect", "run", *(word for pair in given.items() for word in pair))
    assert code in (ExitCode.USAGE, ExitCode.UNFINISHED)
    assert "gone" in err
    assert "hint: " in err


def test_what_a_log_says_to_the_terminal_does_not_reach_it(holdfast: Run, rules: Path, tmp_path: Path) -> None:
    rules.write_text(RULE.replace("A is one", '"Bad \\e[31m title"'))
    log = tmp_path / "log\x1b[2J"
    log.write_text('{"a": 1, "@timestamp": "\\u001b]0;x"}\n\x1b[2Jrubbish\n')
    for arguments in (("--json",), ()):
        _, out, err = holdfast("detect", "run", "--rules", rules, "--events", log, *arguments)
        assert "\x1b" not in out + err


def test_a_site_is_read_once_and_its_alerts_are_kept(holdfast: Run, province: Path) -> None:
    code, out, err = holdfast("detect", "run", "--json")
    assert code == ExitCode.FINDINGS
    raised = [json.loads(line) for line in out.splitlines()]
    assert {alert["title"] for alert in raised} == {"Many wrong passwords for one account", "A password was guessed"}
    assert {alert["system"] for alert in raised} == {"sso"}
    assert "41 events, 0 corrupt lines" in err
    code, out, _ = holdfast("detect", "run")
    assert (code, out) == (ExitCode.DONE, "")
    _, out, _ = holdfast("detect", "alerts", "list", "--json")
    assert {alert["id"] for alert in json.loads(out)} == {alert["id"] for alert in raised}


def test_an_alert_is_shown_acknowledged_and_closed_with_a_reason(holdfast: Run, province: Path) -> None:
    _, out, _ = holdfast("detect", "run", "--json")
    identity = json.loads(out.splitlines()[0])["id"]
    _, out, _ = holdfast("detect", "alerts", "show", identity[:8])
    assert "auth.log:1" in out
    assert "Failed password for minh from 127.0.0.1" in out
    assert "[" not in out.split("auth.log:1")[0], "no list as Python writes it"
    assert "None" not in out
    (province / "signon-1/var/log/auth.log").write_text("")
    _, out, _ = holdfast("detect", "alerts", "show", identity[:8])
    assert "not there any more" in out
    assert holdfast("detect", "alerts", "ack", identity[:8])[0] == ExitCode.DONE
    assert holdfast("detect", "alerts", "close", identity)[0] == ExitCode.USAGE
    assert holdfast("detect", "alerts", "close", identity, "--reason", " ")[0] == ExitCode.USAGE
    assert holdfast("detect", "alerts", "close", identity, "--reason", "a test")[0] == ExitCode.DONE
    _, out, _ = holdfast("detect", "alerts", "show", identity, "--json")
    assert json.loads(out)["state"] == "closed"
    _, out, _ = holdfast("detect", "alerts", "list", "--json")
    assert identity not in out
    assert holdfast("detect", "alerts", "show", "ffffffffffff")[0] == ExitCode.USAGE


def test_somebody_without_the_right_may_not_run_rules_or_close_alerts(holdfast: Run, province: Path) -> None:
    holdfast("detect", "run")
    (province / "site" / "people.yml").write_text("people: []\n")
    assert holdfast("detect", "run")[0] == ExitCode.REFUSED
    _, out, _ = holdfast("detect", "alerts", "list", "--json")
    identity = json.loads(out)[0]["id"]
    assert holdfast("detect", "alerts", "ack", identity)[0] == ExitCode.REFUSED


def test_a_silent_source_is_named(holdfast: Run, province: Path) -> None:
    (province / "signon-1" / "var" / "log" / "auth.log").unlink()
    code, _, err = holdfast("detect", "run")
    assert code == ExitCode.FINDINGS
    assert "sso: signon-1:/var/log/auth.log: silent: " in err


def test_a_site_without_any_log_is_not_taken_for_a_watched_one(holdfast: Run, province: Path) -> None:
    site(province, [])
    code, out, err = holdfast("detect", "run")
    assert (code, out) == (ExitCode.FINDINGS, "")
    assert "sso: not watched: " in err
    assert "no log was read" in err


def test_an_empty_directory_of_events_is_a_usage_error(holdfast: Run, rules: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _, err = holdfast("detect", "run", "--rules", rules, "--events", tmp_path / "empty")
    assert code == ExitCode.USAGE
    assert f"nothing to read at {tmp_path / 'empty'}" in err


def test_rules_are_listed_shown_and_tested(holdfast: Run) -> None:
    code, out, _ = holdfast("detect", "rules", "list", "--json")
    listed = json.loads(out)
    assert code == ExitCode.DONE
    assert len(listed) >= 20
    assert {"id", "title", "level", "kind", "problem"} <= set(listed[0])
    assert "password_guessed" in holdfast("detect", "rules", "show", "password_guessed")[1]
    code, out, err = holdfast("detect", "rules", "test", "--json")
    assert code == ExitCode.DONE
    assert {result["verdict"] for result in json.loads(out)} == {"pass"}
    assert " 0 failed" in err


def test_a_rule_that_fails_its_own_examples_is_a_finding(holdfast: Run, rules: Path) -> None:
    rules.write_text(RULE + "holdfast: {tests: {fires: [['{\"a\": 2}']], silent: [['{\"a\": 3}']]}}\n")
    code, out, _ = holdfast("detect", "rules", "test", "--rules", rules)
    assert code == ExitCode.FINDINGS
    assert out == "fail  A is one: it did not fire on fires example 1\n"
