from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup.history import Failure
from backup.status import Verdict
from incident import readiness
from incident.facts import Facts, Row
from incident.forecast import Forecast
from tests.incident import judging
from tests.incident.judging import (
    CHECKS,
    COPIES,
    FORECAST,
    HARDENED,
    HOUR,
    MEDIUM,
    NOTHING_KNOWN,
    OFFLINE,
    POLICY,
    RESTORED,
    SYSTEM,
    WATCHED,
    WELL,
)
from tests.incident.making import NOON

LONG_AGO = NOON - timedelta(days=400)
NO = Verdict(False, "no copy in weekly yet")
FAILED_RUN = Failure("edoc", "vault", "main", NOON, "incomplete", ("one file changed",), 20)


def check(**different: Any) -> dict[str, Any]:
    return {"checks": [CHECKS[0], ("weekly-a", replace(CHECKS[1][1], **different))]}


def hardened(**different: Any) -> dict[str, Any]:
    return {"hardening": replace(HARDENED, **different)}


def medium(**different: Any) -> dict[str, Any]:
    return {"medium": replace(MEDIUM, **different)}


def system(**different: Any) -> dict[str, Any]:
    return {"system": SYSTEM.model_copy(update=different)}


# (row, what is different, its state then, a word of what it says, a word of the next command)
CASES: list[tuple[str, Mapping[str, Any], str, str, str]] = [
    ("hardening", {"hardening": None}, "unknown", "never scanned", "harden scan"),
    ("hardening", hardened(waived=("HF-SSH-001",)), "amber", "waived: HF-SSH-001", "harden plan"),
    ("hardening", hardened(failed=1, waived=("HF-SSH-001",)), "red", "1 fail", "harden plan"),
    ("hardening", hardened(failed=1, failing=("ssh-1",)), "red", "1 fail", "harden plan"),
    ("hardening", hardened(unknown=1), "unknown", "1 unknown", "harden scan"),
    ("hardening", hardened(unreached=("documents-1",)), "red", "not reached: documents-1", "harden scan"),
    ("hardening", hardened(at=LONG_AGO), "red", "not verified since 2025-10-19", "harden scan"),
    ("hardening", hardened(passed=0), "unknown", "no control could be judged", "harden scan"),
    ("hardening", hardened(level=2), "unknown", "judged against level 2 only", "harden scan"),
    ("hardening", {"hosts": ("documents-1", "web-1")}, "unknown", "never scanned: web-1", "harden scan"),
    ("backup", system(data=[]), "unknown", "no data is named", "inventory show edoc"),
    ("backup", {"copies": replace(COPIES, newest=None, age=None)}, "red", "no good copy", "backup run edoc"),
    ("backup", {"copies": replace(COPIES, age=7 * HOUR)}, "red", "7h old", "backup run edoc"),
    ("backup", {"copies": replace(COPIES, failures=(FAILED_RUN,))}, "amber", "incomplete", "backup status"),
    ("three_two_one", {"copies": replace(COPIES, three=NO)}, "red", "no copy in weekly yet", "backup copy"),
    ("three_two_one", {"copies": replace(COPIES, offline=NO)}, "red", "no copy in weekly yet", "backup copy"),
    ("three_two_one", {"unreachable": {"main": "is gone"}}, "red", "vault main: is gone", "vault renew main"),
    ("offline", {"offline": None}, "red", "no copy on an offline medium", "backup copy"),
    ("offline", {"medium": None}, "red", "no copy on an offline medium", "backup copy"),
    ("offline", medium(state="attached"), "red", "is attached", "media detach weekly-a"),
    ("offline", medium(reached=True), "red", "a probe reached it", "media probe weekly-a"),
    ("offline", medium(reached=None, probed_at=None), "unknown", "nobody has probed it", "media probe weekly-a"),
    ("offline", medium(probed_at=LONG_AGO), "red", "not verified since 2025-10-19", "media probe weekly-a"),
    ("offline", {"offline": replace(OFFLINE, at=NOON - timedelta(days=8))}, "red", "due every", "backup copy"),
    ("integrity", {"checks": []}, "unknown", "no copy to check", "backup run edoc"),
    ("integrity", {"checks": [CHECKS[0], ("weekly-a", None)]}, "unknown", "never checked", "check weekly-a"),
    ("integrity", check(read_data=False), "unknown", "nobody has read every byte", "check weekly-a --read-data"),
    ("integrity", check(whole=False, problems=("pack 1",)), "red", "is damaged: pack 1", "check weekly-a"),
    ("integrity", check(whole=False), "red", "no reason recorded", "check weekly-a"),
    ("integrity", check(at=LONG_AGO), "red", "not verified since 2025-10-19", "check weekly-a"),
    ("restore", {"restore": None}, "unknown", "never restored", "backup restore edoc"),
    ("restore", {"restore": replace(RESTORED, verified=False)}, "red", "NOT as copied", "backup restore edoc"),
    ("restore", {"restore": replace(RESTORED, at=LONG_AGO)}, "red", "not verified since 2025", "backup restore edoc"),
    ("forecast", {"forecast": None}, "unknown", "nothing measured", "incident open --system edoc"),
    ("forecast", {"forecast": Forecast(None, None, None, "no x", ())}, "unknown", "no x", "incident open"),
    ("forecast", {"forecast": replace(FORECAST, seconds=8.1 * 3600)}, "red", "8h6m", "inventory show edoc"),
    ("forecast", {"forecast": replace(FORECAST, seconds=7 * 3600)}, "amber", "7h", "inventory show edoc"),
    ("detection", system(logs=[]), "unknown", "no logs are named", "inventory show edoc"),
    ("detection", {"watched": None}, "unknown", "never looked at", "detect run"),
    ("detection", {"watched": replace(WATCHED, silent={"auth.log": "unreadable"})}, "red", "auth.log", "detect run"),
    ("detection", {"watched": replace(WATCHED, last_run_at=NOON - 2 * HOUR)}, "red", "2h ago", "detect run"),
    ("detection", {"watched": replace(WATCHED, sources=0)}, "unknown", "only 0 of 1 logs", "detect run"),
    ("detection", {"unusable_rules": 2}, "amber", "2 rules cannot run", "detect rules list"),
    ("detection", {"rules": 0}, "red", "no rule ran", "detect rules list"),
    ("runbook", {"runbook_problem": "no runbook 'x'"}, "red", "no runbook 'x'", "inventory show edoc"),
    ("runbook", {"drilled_digest": None}, "amber", "proved on: directory host", "recover plan"),
    ("runbook", {"drilled_digest": None, "runbook_proved_on": ()}, "unknown", "untested", "recover plan"),
    (
        "runbook",
        {"claimed": ("clean-target by Minh",)},
        "amber",
        "approved without a signature: clean-target by Minh",
        "recover requests",
    ),
    ("runbook", {"drilled_digest": "other"}, "amber", "changed since", "recover plan"),
]


def rows(facts: Facts) -> dict[str, Row]:
    return {row.id: row for row in readiness.of_system(facts, POLICY, NOON).rows}


def test_everything_known_and_well_is_green_with_evidence_for_each_row() -> None:
    for row in rows(WELL).values():
        assert (row.state, row.next) == ("green", ""), row
        assert row.evidence, row


@pytest.mark.parametrize(("row_id", "different", "state", "says", "following"), CASES)
def test_each_row_has_its_states_words_and_next_command(
    row_id: str, different: Mapping[str, Any], state: str, says: str, following: str
) -> None:
    row = rows(replace(WELL, **different))[row_id]
    assert (row.state, row.id) == (state, row_id)
    assert says in row.value
    assert following in row.next
    others = {each.state for key, each in rows(replace(WELL, **different)).items() if key != row_id}
    assert others == {"green"} or row_id in {"offline", "three_two_one"}


@pytest.mark.parametrize(
    "different",
    [
        hardened(at=NOON + HOUR),
        {"copies": replace(COPIES, age=-HOUR)},
        medium(probed_at=NOON + HOUR),
        {"checks": [(store, replace(each, at=NOON + HOUR)) for store, each in CHECKS]},
        {"restore": replace(RESTORED, at=NOON + HOUR)},
        {"watched": replace(WATCHED, last_run_at=NOON + HOUR)},
    ],
)
def test_a_proof_dated_in_the_future_proves_nothing(different: Mapping[str, Any]) -> None:
    found = rows(replace(WELL, **different)).values()
    (row,) = [row for row in found if row.state != "green"]
    assert row.state == "unknown"
    assert "a clock was set back" in row.value
    assert row.next == "holdfast ledger verify"
    assert row.age_seconds == 0.0


def test_with_nothing_known_nothing_is_green() -> None:
    assert "green" not in {row.state for row in rows(NOTHING_KNOWN).values()}


@given(st.sets(st.sampled_from([field for field in vars(WELL) if field not in {"key", "system", "hosts"}])))
def test_a_row_is_green_only_with_evidence_and_every_other_names_the_next_step(missing: set[str]) -> None:
    facts = replace(WELL, **{field: getattr(NOTHING_KNOWN, field) for field in missing})
    for row in rows(facts).values():
        assert row.state != "green" or row.evidence
        assert (row.state == "green") == (row.next == "")


def test_a_pack_that_asks_for_no_limit_makes_nothing_old() -> None:
    nothing = judging.policy.Policy(("none",), (), {})
    old = replace(WELL, hardening=replace(HARDENED, at=LONG_AGO), restore=replace(RESTORED, at=LONG_AGO))
    assert {row.state for row in readiness.of_system(old, nothing, NOON).rows} == {"green"}
