from __future__ import annotations

import shutil

import pytest

from backup import checks, media, probing, sealing
from cli.clock import SystemClock
from incident import engine, gather, incident, planning
from incident.effects import Answers
from incident.facts import Row
from tests.incident import making
from tests.incident.district import LABEL, District


def rows(district: District, key: str = "edoc") -> dict[str, Row]:
    found = gather.province(district.site, district.state, district.ledger, SystemClock().now())
    return {row.id: row for each in found.systems if each.key == key for row in each.rows}


def test_of_a_new_site_nothing_is_green(district: District) -> None:
    found = gather.province(district.site, district.state, district.ledger, SystemClock().now())
    assert {each.key for each in found.systems} == {"sso", "edoc"}
    assert {row.state for each in found.systems for row in each.rows} <= {"red", "unknown", "amber"}
    assert found.forecast_seconds is None
    assert found.target_seconds == 86400.0


def test_a_broken_runbook_of_the_sites_own_is_a_red_row_and_no_crash(district: District) -> None:
    (district.root / "site" / "runbooks").mkdir()
    (district.root / "site" / "runbooks" / "generic.yml").write_text("steps: {")
    assert rows(district)["runbook"].state == "red"


@pytest.mark.restic
def test_a_real_recovery_turns_rows_green_each_with_its_record(safe: District) -> None:
    safe.copy_offline()
    assert all(report.whole for report in checks.check(safe.depot, safe.depot.vault("main"), read_data=True))
    assert all(report.whole for report in checks.check(safe.depot, safe.depot.medium(LABEL), read_data=True))
    sealing.seal(safe.depot, LABEL)
    media.detach(safe.depot, LABEL)
    probing.probe(safe.depot, LABEL)
    recover(safe)
    found = rows(safe)
    green = {name for name, row in found.items() if row.state == "green"}
    assert green == {"backup", "three_two_one", "offline", "integrity", "restore", "forecast", "runbook"}
    kinds = {record.seq: record.kind for record in safe.ledger.read()}
    assert kinds[found["runbook"].evidence[0]] == "recover.finished"
    assert kinds[found["restore"].evidence[0]] == "restore.finished"
    assert {kinds[seq] for seq in found["forecast"].evidence} == {"system.normal"}
    assert {kinds[seq] for seq in found["integrity"].evidence} == {"check.finished"}
    province = gather.province(safe.site, safe.state, safe.ledger, SystemClock().now())
    assert province.forecast_seconds is not None

    shutil.rmtree(safe.vault)
    lost = rows(safe)
    assert lost["three_two_one"].state == "red"
    needs = gather.needs(safe.site, safe.depot.copies(), {"edoc": {"main": "is gone"}})
    assert (needs["edoc"].fetch_seconds, needs["sso"].fetch_seconds) == (1800.0, 0.0)


def recover(district: District) -> None:
    district.damage()
    made = making.opened(district.ledger, "sso", "edoc")
    making.settle(district.ledger, made)
    plan = planning.plan(
        district.site, district.state, district.ledger, incident.find(district.ledger, made.id), [], {}
    )
    answers = Answers(approve=frozenset({"clean-target", "stolen-accounts"}))
    run = engine.go_on(district.ledger, engine.start(district.ledger, plan), district.hands(made.id), answers)
    assert run.complete, run.verdict
