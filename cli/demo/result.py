"""What a demo came to, read back from the ledger it left: nothing here is remembered from the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cli.clock import SystemClock
from cli.demo.district import District
from incident import measure, report, view
from incident.incident import find
from incident.measure import Recovered
from incident.report import AtRealSize
from inventory import people, places
from inventory import site as sites
from inventory.site import Site
from ledger import checkpoint
from ledger.chain import Verdict
from ledger.ledger import Ledger


@dataclass(frozen=True)
class Result:
    """Measured systems, forecasts at real size, the ledger's verdict against its outside checkpoint, and the sum."""

    ok: bool
    directory: str
    incident: str | None
    systems: Sequence[Recovered]
    real_size: Sequence[AtRealSize]
    verdict: Verdict
    surprises: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON shape."""
        names = ("key", "target_seconds", "recovered_seconds", "data_loss_seconds", "bytes", "verified")
        return {
            "ok": self.ok,
            "directory": self.directory,
            "systems": [{name: getattr(each, name) for name in names} for each in self.systems],
            "incident": self.incident,
            "ledger": {"records": self.verdict.records, "verified": self.verdict.verified},
        }


def read(world: District, incident_id: str | None, surprises: Sequence[str]) -> Result:
    """Read a finished demo's ledger and hold it against the checkpoint outside."""
    site = sites.load(world.site)
    ledger = Ledger.open(places.state_directory(site, {}), SystemClock(), people.current_login())
    try:
        systems = _systems(site, ledger, incident_id)
        verdict = _verdict(world, site, ledger)
        real_size = report.real_size(site, ledger)
    finally:
        ledger.close()
    good = all(each.verified and each.in_time for each in systems) if incident_id else True
    return Result(
        ok=good and verdict.verified and not surprises,
        directory=str(world.home),
        incident=incident_id,
        systems=systems,
        real_size=real_size,
        verdict=verdict,
        surprises=surprises,
    )


def _systems(site: Site, ledger: Ledger, incident_id: str | None) -> list[Recovered]:
    if incident_id is not None:
        incident = find(ledger, incident_id)
        return measure.recovered(incident, site.systems, view.newest_run(ledger, incident))
    return [
        Recovered(key, system.rto.total_seconds(), None, None, 0, False, None, None, ())
        for key, system in site.own.items()
    ]


def _verdict(world: District, site: Site, ledger: Ledger) -> Verdict:
    paper = world.home / "paper" / "checkpoint.json"
    if not paper.is_file():
        return ledger.verify()
    key = checkpoint.read_public(paper.with_suffix(".pub"))
    proof = checkpoint.read_and_check(paper, key, site=site.settings.site)
    return ledger.verify([proof.anchor])
