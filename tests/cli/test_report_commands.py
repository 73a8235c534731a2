from __future__ import annotations

from pathlib import Path

import pytest

from cli import app
from incident import acts, incident
from inventory.errors import ExitCode
from ledger import alerts
from tests.incident import making
from tests.incident.district import District


class Holdfast:
    """`holdfast report incident`, as typed in a district."""

    def __init__(self, district: District, to: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.district = district
        self.to = to
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        self._capsys.readouterr()
        site = str(self.district.root / "site")
        code = app.run(["--site", site, "report", "incident", *words, "--to", str(self.to)])
        self.out, self.err = self._capsys.readouterr()
        return code


@pytest.fixture
def report(district: District, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Holdfast:
    return Holdfast(district, tmp_path / "report.html", capsys)


def test_the_open_incidents_report_is_written_and_named(report: Holdfast) -> None:
    made = making.opened(report.district.ledger, "edoc")
    assert report() == ExitCode.DONE
    assert report.out == f"wrote {report.to}\n"
    page = report.to.read_text()
    assert made.id in page
    assert "1 of 1 affected systems are NOT proved to be back" in page
    assert "came back" not in page


def test_a_closed_incident_is_reported_by_its_id(report: Holdfast) -> None:
    made = making.opened(report.district.ledger, "edoc")
    making.settle(report.district.ledger, made)
    making.back(report.district.ledger, made, "edoc")
    acts.close(report.district.ledger, incident.find(report.district.ledger, made.id), "well again")
    assert report() == ExitCode.USAGE
    assert "hint: holdfast incident list" in report.err
    assert report(made.id) == ExitCode.DONE
    assert "All 1 affected systems came back within their targets" in report.to.read_text()


def test_a_system_that_is_normal_but_was_never_compared_with_a_manifest_did_not_come_back(report: Holdfast) -> None:
    made = making.opened(report.district.ledger, "edoc")
    making.back(report.district.ledger, made, "edoc", bytes=0)
    assert report() == ExitCode.DONE
    assert "came back" not in report.to.read_text()


def test_titles_notes_and_alerts_out_of_hostile_logs_stay_words(report: Holdfast) -> None:
    bad = "<script>alert(1)</script>\x1b]0;x\x07"
    alerts.raise_alerts(report.district.ledger, [making.alert(title=bad, summary=bad)])
    made = making.opened(report.district.ledger, "edoc", alerts=alerts.listed(report.district.ledger), title=bad)
    acts.add_note(report.district.ledger, made, bad)
    assert report() == ExitCode.DONE
    page = report.to.read_text()
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
    assert "\x1b" not in page


def test_an_unknown_incident_is_a_usage_error_and_writes_nothing(report: Holdfast) -> None:
    assert report("inc-x") == ExitCode.USAGE
    assert "hint: holdfast incident list" in report.err
    assert not report.to.exists()


def test_a_place_that_cannot_be_written_ends_with_3_and_the_option(report: Holdfast, tmp_path: Path) -> None:
    making.opened(report.district.ledger, "edoc")
    report.to = tmp_path / "none" / "report.html"
    assert report() == ExitCode.UNFINISHED
    assert "give another file with --to FILE" in report.err
    assert not report.to.parent.exists()


def test_a_login_that_may_only_look_may_have_a_report(report: Holdfast) -> None:
    making.opened(report.district.ledger, "edoc")
    report.district.people("viewer")
    assert report() == ExitCode.DONE
