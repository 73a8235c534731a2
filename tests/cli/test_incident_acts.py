from __future__ import annotations

import json

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


def opened(here: District, capsys: Capture) -> str:
    assert app.run(["incident", "open", "--title", "Documents unreadable", "--json"]) == ExitCode.DONE
    identity: str = json.loads(capsys.readouterr().out)["incident"]
    return identity


def test_a_system_mended_by_hand_is_rechecked_and_one_that_fails_again_is_affected_again(
    here: District, capsys: Capture
) -> None:
    identity = opened(here, capsys)
    assert app.run(["incident", "recheck", "--reason", "looked at it"]) == ExitCode.FINDINGS
    assert "edoc: NOT normal" in capsys.readouterr().out
    (here.host("documents-1") / "up").touch()
    assert app.run(["incident", "recheck", "--reason", "service started by hand"]) == ExitCode.DONE
    assert "edoc: normal" in capsys.readouterr().out
    assert app.run(["incident", "affect", identity, "--system", "edoc"]) == ExitCode.DONE
    assert app.run(["incident", "affect", identity, "--system", "moon"]) == ExitCode.USAGE
    assert all_incidents(here.ledger)[0].still_down == ("edoc",)


def test_the_police_decision_needs_no_id_while_one_incident_is_open(here: District, capsys: Capture) -> None:
    opened(here, capsys)
    assert app.run(["incident", "notify", "police", "--told", "--receipt", "Maj. Vo, 03:24"]) == ExitCode.DONE
    assert all_incidents(here.ledger)[0].police is not None


def test_waiting_alerts_are_added_with_the_systems_they_name(here: District, capsys: Capture) -> None:
    opened(here, capsys)
    assert app.run(["incident", "affect", "--from-alerts"]) == ExitCode.USAGE
    alerts.raise_alerts(here.ledger, [making.alert("a1", system="sso")])
    assert app.run(["incident", "affect", "--from-alerts"]) == ExitCode.DONE
    assert set(all_incidents(here.ledger)[0].systems) == {"edoc", "sso"}
    assert alerts.listed(here.ledger, states=(alerts.OPEN,)) == []


def test_only_the_alerts_chosen_are_taken_in_and_alerts_days_apart_are_warned_about(
    here: District, capsys: Capture
) -> None:
    raised = alerts.raise_alerts(here.ledger, [making.alert("a1", system="edoc"), making.alert("b2", system="sso")])
    assert app.run(["incident", "open", "--title", "x", "--alert", raised[0].id]) == ExitCode.DONE
    assert all_incidents(here.ledger)[0].alerts == (raised[0].id,)
    assert "warning" not in capsys.readouterr().err


def test_the_timeline_counts_from_detection_and_names_records(here: District, capsys: Capture) -> None:
    opened(here, capsys)
    assert app.run(["incident", "ack"]) == ExitCode.DONE
    capsys.readouterr()
    assert app.run(["incident", "timeline", "--json"]) == ExitCode.DONE
    found = json.loads(capsys.readouterr().out)
    assert found[0]["what"].startswith("incident opened")
    assert all(isinstance(moment["seq"], int) for moment in found)
    assert app.run(["incident", "timeline"]) == ExitCode.DONE
    assert "acknowledged by" in capsys.readouterr().out


def test_what_clocks_depend_on_is_asked_decided_and_recorded_and_what_is_owed_is_told_after_closing(
    here: District, capsys: Capture
) -> None:
    settings = here.root / "site" / "holdfast.yml"
    settings.write_text(
        settings.read_text().replace("policies: [baseline]", "").strip() + "\npolicies: [vn-2016, vn-2026]\n"
    )
    identity = opened(here, capsys)
    assert app.run(["incident", "show"]) == ExitCode.FINDINGS
    said = capsys.readouterr().out
    assert said.count("OPEN QUESTION") == 3
    assert said.count("not read in an official text") == 1
    assert app.run(["incident", "classify", "--ordinary", "--personal-data", "--reason", "a list was read"]) == 0
    assert app.run(["incident", "classify", "--national-security", "--reason", "the whole province waits"]) == 0
    capsys.readouterr()
    assert app.run(["incident", "show", "--json"]) == ExitCode.FINDINGS
    shown = json.loads(capsys.readouterr().out)
    assert (shown["classified"], shown["personal_data"], shown["national_security"]) == ("ordinary", "yes", "yes")
    assert shown["questions"] == []
    clocks = {each["key"]: each for each in shown["clocks"]}
    assert "first_notice" not in clocks
    assert (clocks["police"]["at_once"], clocks["personal_data"]["state"]) == (True, "running")
    assert app.run(["incident", "notify", "personal-data", "--told", "--receipt", "Ms Le, 10:02, letter"]) == 0
    assert app.run(["incident", "notify", "police", "--told", "--receipt", "Maj. Vo, 03:24"]) == 0
    (here.host("documents-1") / "up").touch()
    assert app.run(["incident", "recheck", "--reason", "mended by hand"]) == ExitCode.DONE
    assert app.run(["incident", "close", "--reason", "all normal"]) == ExitCode.DONE
    capsys.readouterr()
    assert app.run(["incident", "next", identity]) == ExitCode.DONE
    assert f"notify {identity} incident-report" in capsys.readouterr().out
    for whom in ("incident-report", "notice", "final-report"):
        assert app.run(["incident", "notify", identity, whom, "--not-required", "--reason", "rehearsal"]) == 0
    assert "next: nothing" in capsys.readouterr().out
    assert app.run(["incident", "timeline", identity]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert "personal data: yes, says" in said
    assert "final report: not required (rehearsal)" in said
