"""When would it be back if it were lost now? Only from measured restores; without one the answer is: unknown. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from incident.measure import Measurement
from incident.plan import dependencies
from inventory.system import System


@dataclass(frozen=True)
class Need:
    """What bringing one system back would take: bytes to restore, and seconds to fetch its medium (0: online)."""

    bytes: int
    fetch_seconds: float


@dataclass(frozen=True)
class Forecast:
    """Seconds until a system is back, its dependencies first; None: cannot be said, and `why` says why.

    `bytes_per_second` is the measured rate it rests on, `evidence` the records of the measurements.
    """

    seconds: float | None
    own_seconds: float | None
    bytes_per_second: float | None
    why: str
    evidence: tuple[int, ...]


def forecast(
    needs: Mapping[str, Need], measured: Mapping[str, Measurement], systems: Mapping[str, System]
) -> dict[str, Forecast]:
    """Return each system's forecast.

    Rate: bytes per second of the largest measured recovery (small ones are mostly overhead). A system takes: fetch the
    medium + what its own recovery took beyond that rate + bytes ÷ rate; the systems it depends on come first, one after
    the other, as the recovery engine works. A system without a measured recovery of its own, or behind one without,
    has no forecast.
    """
    best = max(measured.values(), key=lambda each: each.bytes, default=None)
    rate = best.bytes / best.growing_seconds if best is not None and best.growing_seconds > 0 else None
    own = {key: _own(needs[key], measured.get(key), rate) for key in needs}
    found: dict[str, Forecast] = {}
    for key in needs:
        chain = [key, *_all_before(key, list(needs), systems)]
        missing = [each for each in chain if own[each] is None]
        evidence = tuple(sorted({measured[each].seq for each in chain if each in measured}))
        if missing:
            why = f"no measured restore of {', '.join(missing)}"
            found[key] = Forecast(None, own[key], rate, why, evidence)
        else:
            seconds = sum(own[each] or 0.0 for each in chain)
            found[key] = Forecast(seconds, own[key], rate, "", evidence)
    return found


def province(forecasts: Sequence[Forecast]) -> float | None:
    """Return when the last of all systems would be back, one after the other; one unknown makes the whole unknown."""
    own = [each.own_seconds for each in forecasts]
    if not own or any(each.seconds is None for each in forecasts):
        return None
    return sum(seconds for seconds in own if seconds is not None)


def _own(need: Need, measured: Measurement | None, rate: float | None) -> float | None:
    if measured is None or rate is None:
        return None
    overhead = max(0.0, measured.growing_seconds - measured.bytes / rate)
    return need.fetch_seconds + overhead + measured.fixed_seconds + need.bytes / rate


def _all_before(key: str, among: list[str], systems: Mapping[str, System]) -> list[str]:
    found: list[str] = []
    waiting = sorted(dependencies(key, among, systems))
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.append(other)
            waiting += sorted(dependencies(other, among, systems))
    return found
