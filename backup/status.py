"""Is every system's data safe? The newest copy against the RPO, and 3-2-1 with a reason for every no. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from backup.history import Copies, Failure, Kept, Medium
from inventory.clock import to_text
from inventory.outline import SiteFacts, SystemFacts

_LATE = 1.5
"""A copy counts until it is this many times its period old: one missed run is late, not lost."""


@dataclass(frozen=True)
class Verdict:
    """Yes or no, and why."""

    ok: bool
    reason: str


@dataclass(frozen=True)
class SystemStatus:
    """How a system's copies stand.

    `newest` is the newest good snapshot anywhere, `age` its age now, against `rpo`; `three`, `two`, `offline` the parts
    of 3-2-1: three copies with the live data, on two media, one of them offline and proved so; `failures` last runs
    that did not end well.
    """

    key: str
    newest: Kept | None
    age: timedelta | None
    rpo: timedelta
    three: Verdict
    two: Verdict
    offline: Verdict
    failures: Sequence[Failure]

    @property
    def within_rpo(self) -> bool:
        """Tell whether the newest copy is young enough."""
        return self.age is not None and self.age <= self.rpo

    @property
    def three_two_one(self) -> bool:
        """Tell whether 3-2-1 holds."""
        return self.three.ok and self.two.ok and self.offline.ok

    def as_json(self) -> dict[str, Any]:
        """Return the documented shape."""
        newest = self.newest
        return {
            "key": self.key,
            "newest": None
            if newest is None
            else {"store": newest.store, "snapshot": newest.snapshot, "at": to_text(newest.at), "evidence": newest.seq},
            "age_seconds": None if self.age is None else self.age.total_seconds(),
            "rpo_seconds": self.rpo.total_seconds(),
            "within_rpo": self.within_rpo,
            "three_two_one": {
                "ok": self.three_two_one,
                "copies": asdict(self.three),
                "media": asdict(self.two),
                "offline": asdict(self.offline),
            },
            "failures": [
                {"store": item.store, "at": to_text(item.at), "status": item.status, "problems": list(item.problems)}
                for item in self.failures
            ],
        }


def of_system(
    site: SiteFacts, copies: Copies, key: str, now: datetime, lost: Mapping[str, str] = MappingProxyType({})
) -> SystemStatus:
    """Return the status of one system; what lies in a `lost` vault (name: why) does not count."""
    system = site.system(key)
    copies = copies.leaving_out(lost)
    fresh, reasons = _fresh(site, system, copies, key, now)
    reasons = [f"vault {name}: {why}" for name, why in lost.items()] + reasons
    newest = copies.newest(key, whole=True)
    kinds = {kept.kind for kept in fresh}
    return SystemStatus(
        key=key,
        newest=newest,
        age=None if newest is None else now - newest.at,
        rpo=system.rpo,
        three=_verdict(len(fresh) >= 2, f"the live data and {len(fresh)} fresh copies", reasons),
        two=_verdict(kinds == {"vault", "medium"}, "a vault and a medium", reasons),
        offline=_offline(fresh, copies, reasons),
        failures=copies.failures(key),
    )


def _fresh(
    site: SiteFacts, system: SystemFacts, copies: Copies, key: str, now: datetime
) -> tuple[list[Kept], list[str]]:
    """Return the newest copy in each store that is young enough, and what is wrong with the others."""
    fresh: list[Kept] = []
    reasons: list[str] = []
    for copy in system.copies:
        name = copy.place
        stores = [name] if copy.kind == "vault" else site.disks[name]
        options = [copies.newest(key, copy.kind, store) for store in stores]
        kept_there = [kept for kept in options if kept is not None]
        damaged = [kept.store for kept in kept_there if copies.damaged(key, kept.kind, kept.store)]
        reasons += [f"the last check of {store} found damage" for store in damaged]
        found = [kept for kept in kept_there if kept.store not in damaged]
        young = [kept for kept in found if now - kept.at <= copy.every * _LATE]
        fresh += young
        if name in copies.without and copy.kind == "vault":
            continue
        if not kept_there:
            reasons.append(f"no copy in {name} yet")
        elif found and not young:
            reasons.append(f"the newest copy in {name} is too old")
    if not any(copy.kind == "medium" for copy in system.copies):
        reasons.append("no offline media in its `copies`")
    return fresh, reasons


def _offline(fresh: Sequence[Kept], copies: Copies, reasons: Sequence[str]) -> Verdict:
    on_media = [kept.store for kept in fresh if kept.kind == "medium"]
    for label in on_media:
        if copies.media[label].proved_offline:
            return Verdict(True, f"{label} is put away, and a probe could not reach it")
    if on_media:
        return Verdict(False, "; ".join(_not_proved(copies.media[label]) for label in on_media))
    return _verdict(False, "", reasons)


def _not_proved(medium: Medium) -> str:
    if medium.state != "detached":
        return f"{medium.label} is {medium.state}, not put away"
    if medium.reached:
        return f"{medium.label} answered a probe although it is put away"
    return f"no probe has shown yet that {medium.label} cannot be reached"


def _verdict(ok: bool, reason: str, reasons: Sequence[str]) -> Verdict:
    return Verdict(
        ok, reason if ok else "; ".join(dict.fromkeys(reasons)) or "too few copies are asked for in `copies`"
    )
