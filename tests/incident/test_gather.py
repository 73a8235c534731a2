from __future__ import annotations

import shutil
import sqlite3
from datetime import datetime, timedelta

import pytest

from backup import checks, media, probing, sealing
from cli.clock import SystemClock
from incident import engine, gather, incident, measured, planning, yardstick
from incident.effects import Answers
from incident.facts import Row
from inventory import clock
from tests.incident import making
from tests.incident.district import LABEL, District
from tests.incident.making import NORMAL, RESTORE


def rows(district: District, key: str = "edoc") -> dict[str, Row]:
    found = gather.province(yardstick.of(district.site), district.ledger, SystemClock().now())
    return {row.id: row for each in found.systems if each.key == key for row in each.rows}


def test_of_a_new_site_nothing_is_green(district: District) -> None:
    found = gather.province(yardstick.of(district.site), district.ledger, SystemClock().now())
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
    assert green == {"backup", "three_two_one", "offline", "integrity", "restore", "forecast"}
    assert found["runbook"].state == "amber"
    assert "approved without a signature: clean-target by lan" in found["runbook"].value
    kinds = {record.seq: record.kind for record in safe.ledger.read()}
    assert kinds[found["runbook"].evidence[0]] == "recover.finished"
    assert kinds[found["restore"].evidence[0]] == "restore.finished"
    assert {kinds[seq] for seq in found["forecast"].evidence} == {"system.normal"}
    assert {kinds[seq] for seq in found["integrity"].evidence} == {"check.finished"}
    province = gather.province(yardstick.of(safe.site), safe.ledger, SystemClock().now())
    assert province.forecast_seconds is not None

    shutil.rmtree(safe.vault)
    lost = rows(safe)
    assert lost["three_two_one"].state == "red"
    needs = gather.needs(safe.site, safe.depot.copies(), {"edoc": {"main": "is gone"}})
    assert (needs["edoc"].fetch_seconds, needs["sso"].fetch_seconds) == (1800.0, 0.0)


def disk(district: District, label: str, copied: datetime, *, away: bool) -> None:
    """Record that a copy of edoc went onto a medium, and whether the medium was put away and proved so."""
    short = {"store": label, "reached": False}
    where = {"kind": "medium", "store": label, "status": "complete", "problems": [], "seconds": 1.0}
    taken = where | {"at": clock.to_text(copied), "data_time": None, "files": 1, "bytes": 1}
    first = taken | {"kind": "vault", "store": "main", "snapshot": label}
    district.ledger.append("medium.prepared", {"store": label, "id": label})
    district.ledger.append("medium.attached", short)
    district.ledger.append("backup.finished", first, system="edoc")
    arrived = [{"original": label, "snapshot": f"on {label}"}]
    district.ledger.append("copy.finished", where | {"arrived": arrived}, system="edoc")
    if away:
        district.ledger.append("medium.detached", short)
        district.ledger.append("medium.probed", short)


def two_disks(district: District) -> datetime:
    settings = district.root / "site" / "holdfast.yml"
    second = "      weekly-b: {directory: ../shelf/weekly-b, attach: ../mnt/offline}\n"
    settings.write_text(settings.read_text() + second)
    return SystemClock().now()


def test_while_one_disk_is_attached_the_one_in_the_safe_is_the_offline_copy(district: District) -> None:
    now = two_disks(district)
    disk(district, LABEL, now - timedelta(days=6), away=True)
    disk(district, "weekly-b", now, away=False)
    assert rows(district)["offline"].state == "green"


def test_of_two_disks_in_the_safe_the_newer_copy_counts(district: District) -> None:
    now = two_disks(district)
    disk(district, LABEL, now, away=True)
    disk(district, "weekly-b", now - timedelta(days=60), away=True)
    assert rows(district)["offline"].state == "green"


def test_a_disk_that_left_the_rotation_neither_helps_nor_harms(district: District) -> None:
    disk(district, "thrown-away", SystemClock().now(), away=True)
    found = rows(district)
    assert found["offline"].value == "no copy on an offline medium"
    assert "thrown-away" not in found["integrity"].value


def test_a_system_measured_once_has_no_forecast_when_no_copy_is_left(district: District) -> None:
    copies = district.depot.copies()
    assert gather.needs(district.site, copies, {})["edoc"].bytes is None
    disk(district, "thrown-away", SystemClock().now(), away=True)
    copies = district.depot.copies()
    assert gather.needs(district.site, copies, {})["sso"].bytes is None
    assert gather.needs(district.site, copies, {})["edoc"].bytes == 1


def test_how_long_a_medium_takes_to_fetch_is_what_the_settings_say_or_not_known(district: District) -> None:
    assert gather.fetch_seconds(district.site) == 1800.0
    settings = district.root / "site" / "holdfast.yml"
    settings.write_text(settings.read_text().replace("fetch_medium: 30m\n", ""))
    assert gather.fetch_seconds(District(district.root).site) is None


def test_the_last_recovery_counts_also_when_its_incident_was_opened_first(district: District) -> None:
    systems = {"edoc": district.site.system("edoc")}
    both = [making.opened(district.ledger, "edoc") for _ in range(2)]
    for made in both:
        engine.start(district.ledger, making.planned(made.id, systems, RESTORE, NORMAL))
    for made in reversed(both):
        making.back(district.ledger, made, "edoc")
    assert measured.lessons(district.ledger).measured["edoc"].seq == next(district.ledger.read(newest=1)).seq


def test_what_the_ledger_keeps_ready_judges_like_what_is_folded_anew(district: District) -> None:
    now = SystemClock().now()
    disk(district, LABEL, now - timedelta(days=2), away=True)
    made = making.opened(district.ledger, "edoc")
    gather.province(yardstick.of(district.site), district.ledger, now)
    making.back(district.ledger, made, "edoc")
    disk(district, LABEL, now - timedelta(days=1), away=False)
    step_by_step = gather.province(yardstick.of(district.site), district.ledger, now)
    shutil.copytree(district.state, district.root / "again")
    with sqlite3.connect(district.root / "again" / "ledger.db") as database:
        assert database.execute("delete from projection_heads").rowcount > 1
    with making.real_ledger(district.root / "again") as folded_anew:
        assert gather.province(yardstick.of(district.site), folded_anew, now) == step_by_step


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
