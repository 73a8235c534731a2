"""Reports of incidents to render: one where everything came back, to be spoilt one thing at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from incident import clocks, readiness
from incident.forecast import Forecast
from incident.gather import Province
from incident.guide import Next
from incident.incident import Incident, Normal
from incident.measure import Recovered
from incident.report import AtRealSize, IncidentReport
from incident.timeline import Moment
from incident.view import IncidentView
from tests.incident import making
from tests.incident.judging import NOTHING_KNOWN, POLICY, WELL
from tests.incident.making import NOON

KEYS = ("sso", "edoc")
BACK = {key: Normal(NOON + timedelta(hours=2), NOON - timedelta(minutes=9), 10**7, True, 40) for key in KEYS}
DETECTED = Incident("inc-1", "Documents unreadable", NOON, NOON, "minh", KEYS, ())
FORECAST = Forecast(7200.0, 3600.0, 50e6, "", (40,))


def back(key: str = "edoc", **different: Any) -> Recovered:
    """A system that came back in time, verified, unless told otherwise."""
    usual: dict[str, Any] = {
        "target_seconds": 14400.0,
        "recovered_seconds": 7200.0,
        "data_loss_seconds": 540.0,
        "bytes": 10**7,
        "verified": True,
        "started_at": NOON,
        "normal_at": NOON + timedelta(hours=2),
        "evidence": (40,),
    }
    return Recovered(key, **(usual | different))


NOT_BACK: Mapping[str, Any] = {
    "recovered_seconds": None,
    "data_loss_seconds": None,
    "bytes": 0,
    "verified": False,
    "normal_at": None,
    "evidence": (),
}


def report(
    recovered: Sequence[Recovered] = (), *, incident: Incident = DETECTED, what: str = "a note", **different: Any
) -> IncidentReport:
    """A report on some systems; `what` is a line of its timeline."""
    shown = recovered or [back(key) for key in KEYS]
    systems = {each.key: making.system(rto="4h") for each in shown}
    known = replace(incident, systems=tuple(systems), normal={each.key: BACK["sso"] for each in shown})
    view = IncidentView(
        incident=incident,
        clocks=clocks.clocks(known, POLICY.clocks, systems, NOON),
        systems=[(each.key, "normal", "its own tests passed") for each in shown],
        decisions=[("acknowledged", "yes by minh")],
        recovered=shown,
        run=None,
        next=Next("", "nothing"),
        questions=[],
        unverified=False,
    )
    judged = [readiness.of_system(facts, POLICY, NOON) for facts in (WELL, NOTHING_KNOWN)]
    usual = IncidentReport(
        site="Small district",
        made_at=NOON,
        view=view,
        alerts=[making.alert()],
        timeline=[Moment(NOON, -1.5, "sso", what, 7)],
        recovered=shown,
        at_real_size=[AtRealSize("edoc", 500.0, FORECAST), AtRealSize("sso", None, replace(FORECAST, seconds=None))],
        province=Province(NOON, judged, {}, None, 86400.0),
        records=99,
        head="c" * 64,
    )
    return replace(usual, **different)
