from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli import app
from incident.incident import all_incidents
from inventory.errors import ExitCode
from ledger import alerts
from tests.incident import making
from tests.incident.district import District

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def here(district: District, monkeypatch: pytest.MonkeyPatch) -> District:
    """The district as the command line finds it; its documents are down."""
    (district.host("documents-1") / "up").unlink()
    monkeypatch.setenv("HOLDFAST_SITE", str(district.root / "site"))
    return district


def opened(here: District, capsys: Capture, title: str = "Documents unreadable") -> str:
    assert app.run(["incident", "open", "--title", title, "--json"]) == ExitCode.DONE
    identity: str = json.loads(capsys.readouterr().out)["incident"]
    return identity


def test_with_none_open_it_says_so_and_that_is_well(here: District, capsys: Capture) -> None:
    assert app.run(["incident"]) == ExitCode.DONE
    assert capsys.readouterr().out == "no incident is open\n"


def test_with_none_open_it_does_not_keep_quiet_about_waiting_alerts(here: District, capsys: Capture) -> None:
    alerts.raise_alerts(here.ledger, [making.alert("a1", system="edoc"), making.alert("a2", level="critical")])
    assert app.run(["incident"]) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert "no incident is open, but 2 alerts wait, the worst is critical: Many wrong passwords" in said
    assert "next: holdfast incident open --from-alerts --title " in said


def test_the_bare_command_shows_clocks_systems_and_one_command_to_paste(here: District, capsys: Capture) -> None:
    identity = opened(here, capsys)
    assert app.run(["incident"]) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert "Acknowledge and first feedback" in said
    assert "Back in normal operation" in said
    assert "edoc" in said
    assert [line for line in said.splitlines() if "next:" in line] == [f"next: holdfast incident ack {identity}"]


def test_of_two_open_ones_each_is_named_with_its_command(here: District, capsys: Capture) -> None:
    first = opened(here, capsys)
    assert app.run(["incident", "open", "--title", "again"]) == ExitCode.REFUSED
    assert f"{first} is open and covers edoc already" in capsys.readouterr().err
    assert app.run(["incident", "open", "--title", "Log-ins", "--system", "sso", "--json"]) == ExitCode.DONE
    second: str = json.loads(capsys.readouterr().out)["incident"]
    assert app.run(["incident"]) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert f"holdfast incident ack {first}" in said
    assert f"holdfast incident ack {second}" in said
    assert app.run(["incident", "ack"]) == ExitCode.USAGE
    assert "2 incidents are open; say which" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["show", "inc-9"],
        ["next", "inc-9"],
        ["ack", "inc-9"],
        ["classify", "inc-9", "--serious", "--reason", "x"],
        ["notify", "inc-9", "police", "--told", "--receipt", "x"],
        ["note", "x", "--incident", "inc-9"],
        ["close", "inc-9", "--reason", "x"],
    ],
)
def test_an_unknown_incident_is_named(here: District, capsys: Capture, command: list[str]) -> None:
    opened(here, capsys)
    assert app.run(["incident", *command]) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.err == "error: no incident 'inc-9'\nhint: holdfast incident list\n"
    assert said.out == ""


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_id_may_stand_before_or_after_the_options(here: District, capsys: Capture, place: str) -> None:
    identity = opened(here, capsys)
    options = ["--serious", "--reason", "citizens wait"]
    words = [identity, *options] if place == "before" else [*options, identity]
    assert app.run(["incident", "classify", *words]) == ExitCode.DONE
    assert app.run(["incident", "show", identity, "--json"]) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert json.loads(said[said.index("{") :])["classified"] == "serious"


def test_a_whole_incident_from_the_command_line(here: District, capsys: Capture) -> None:
    alerts.raise_alerts(here.ledger, [making.alert("a1", system="edoc")])
    assert app.run(["incident", "open", "--from-alerts", "--title", "Unreadable"]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "affected: edoc; alerts: 1" in said
    (identity,) = [each.id for each in all_incidents(here.ledger)]
    assert app.run(["incident", "ack"]) == ExitCode.DONE
    assert app.run(["incident", "classify", "--ordinary", "--reason", "a broken cable"]) == ExitCode.DONE
    assert app.run(["incident", "note", "second site is well"]) == ExitCode.DONE
    assert app.run(["incident", "close", "--reason", "x"]) == ExitCode.REFUSED
    assert "has no police decision" in capsys.readouterr().err
    told = ["incident", "notify", identity, "police", "--told", "--receipt", "Maj. Vo, 03:24"]
    assert app.run(told) == ExitCode.DONE
    assert f"next: holdfast recover run {identity}" in capsys.readouterr().out
    assert app.run(["incident", "close", "--reason", "x"]) == ExitCode.REFUSED
    assert "not back to normal: edoc" in capsys.readouterr().err
    making.back(here.ledger, all_incidents(here.ledger)[0], "edoc")
    assert app.run(["incident", "next"]) == ExitCode.DONE
    assert f"next: holdfast incident close {identity}" in capsys.readouterr().out
    assert app.run(["incident", "close", "--reason", "all normal"]) == ExitCode.REFUSED
    assert "edoc does not pass its own tests now" in capsys.readouterr().err
    (here.host("documents-1") / "up").touch()
    assert app.run(["incident", "close", "--reason", "all normal"]) == ExitCode.DONE
    assert app.run(["incident", "show", identity]) == ExitCode.DONE
    assert "closed" in capsys.readouterr().out
    assert app.run(["incident", "list", "--json"]) == ExitCode.DONE
    (listed,) = json.loads(capsys.readouterr().out)
    assert set(listed) == {"incident", "open", "title", "detected_at", "systems"}
    assert (listed["incident"], listed["open"]) == (identity, False)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["classify", "--reason", "x"], "serious or ordinary"),
        (["classify", "--serious"], "needs words"),
        (["notify", "ID", "police"], "say what was decided"),
        (["notify", "ID", "police", "--told"], "receipt"),
        (["notify", "ID", "police", "--not-required"], "needs words"),
        (["notify", "ID", "mayor", "--told", "--receipt", "x"], "'mayor' cannot be notified"),
        (["open", "--title", " "], "needs words"),
        (["open", "--title", "x", "--system", "edco"], "'edco'"),
    ],
)
def test_a_decision_that_says_too_little_is_a_usage_error(
    here: District, capsys: Capture, command: list[str], says: str
) -> None:
    identity = opened(here, capsys)
    words = [identity if word == "ID" else word for word in command]
    assert app.run(["incident", *words]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert says in said
    assert "hint: " in said


@pytest.mark.parametrize(
    "command",
    [
        ["open", "--title", "x", "--system", "edoc"],
        ["ack"],
        ["classify", "--serious", "--reason", "x"],
        ["notify", "ID", "police", "--told", "--receipt", "x"],
        ["note", "x"],
        ["close", "--reason", "x"],
    ],
)
def test_a_viewer_changes_nothing_and_still_sees_everything(
    here: District, capsys: Capture, command: list[str]
) -> None:
    identity = opened(here, capsys)
    here.people("viewer")
    before = len(list(here.ledger.read()))
    assert app.run(["incident", *(identity if word == "ID" else word for word in command)]) == ExitCode.REFUSED
    assert "Lan holds viewer; this needs" in capsys.readouterr().err
    assert len(list(here.ledger.read())) == before
    assert app.run(["incident"]) == ExitCode.FINDINGS


def test_hostile_words_do_nothing_to_a_terminal(here: District, capsys: Capture) -> None:
    opened(here, capsys, "\x1b[2Jcleared\x9b31m\nnext: rm -rf /\r")
    app.run(["incident"])
    app.run(["incident", "list"])
    app.run(["incident", "list", "--json"])
    app.run(["today"])
    said = capsys.readouterr().out
    assert not set(said) & {"\x1b", "\x9b", "\r"}
    assert not any(line.startswith("next: rm") for line in said.splitlines())


def test_json_is_all_there_is_on_stdout(here: District, capsys: Capture) -> None:
    opened(here, capsys)
    assert app.run(["incident", "show", "--json"]) == ExitCode.FINDINGS
    assert json.loads(capsys.readouterr().out)["open"] is True
    assert app.run(["incident", "list"]) == ExitCode.DONE
    assert "Documents unreadable" in capsys.readouterr().out


def test_without_a_site_the_way_to_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert app.run(["incident"]) == ExitCode.USAGE
    assert "holdfast init" in capsys.readouterr().err
