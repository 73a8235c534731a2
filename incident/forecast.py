"""When would it be back if it were lost now? Only from measured restores; without one the answer is: unknown. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from incident.measured import Measurement
from inventory.graph import dependencies
from inventory.outline import Systems


@dataclass(frozen=True)
class Need:
    """What bringing one system back would take: bytes to restore (None: there is no copy to come back from), and
    seconds to fetch its medium (0: online; None: it must be fetched, and nobody stated how long that takes)."""

    bytes: int | None
    fetch_seconds: float | None


@dataclass(frozen=True)
class Forecast:
    """Seconds until a system is back, its dependencies first; None: cannot be said, and `why` says why.

    `own_seconds` are its own steps alone; `bytes_per_second` is the measured rate it rests on, `evidence` the records
    of the measurements.
    """

    seconds: float | None
    own_seconds: float | None
    bytes_per_second: float | None
    why: str
    evidence: tuple[int, ...]


def forecast(needs: Mapping[str, Need], measured: Mapping[str, Measurement], systems: Systems) -> dict[str, Forecast]:
    """Return each system's forecast.

    Until a recovery run begins: the longest preparation that was measured, and fetching the medium. Then each system
    that comes first, one after the other as the recovery engine works, and the system itself: what its own recovery
    took beyond the rate + bytes ÷ rate. Rate: bytes per second of the largest measured recovery (small ones are mostly
    overhead). A system without a copy, or without a measured recovery of its own, or behind such a one, has no
    forecast; nor has one whose medium must be fetched in a time nobody stated.
    """
    rate = _rate(measured)
    own = {key: _own(needs[key], measured.get(key), rate) for key in needs}
    found: dict[str, Forecast] = {}
    for key in needs:
        chain = [key, *_all_before(key, needs, systems)]
        missing = [each for each in chain if own[each] is None]
        evidence = tuple(sorted({measured[each].seq for each in chain if each in measured}))
        if missing:
            found[key] = Forecast(None, own[key], rate, _why(missing, needs, measured), evidence)
        else:
            found[key] = Forecast(_together(chain, own, needs, measured), own[key], rate, "", evidence)
    return found


def province(needs: Mapping[str, Need], measured: Mapping[str, Measurement]) -> float | None:
    """Return when the last of all systems would be back, in seconds; one unknown makes the whole unknown."""
    rate = _rate(measured)
    own = {key: _own(needs[key], measured.get(key), rate) for key in needs}
    if not own or any(seconds is None for seconds in own.values()):
        return None
    return _together(list(needs), own, needs, measured)


def _why(missing: Sequence[str], needs: Mapping[str, Need], measured: Mapping[str, Measurement]) -> str:
    lost = [key for key in missing if needs[key].bytes is None]
    far = [key for key in missing if needs[key].fetch_seconds is None]
    unmeasured = [key for key in missing if key not in measured or key not in lost + far]
    parts = {
        "no copy to come back from of": lost,
        "no measured restore of": unmeasured,
        "`fetch_medium` in holdfast.yml does not say how long it takes to fetch the medium of": far,
    }
    return "; ".join(f"{words} {', '.join(keys)}" for words, keys in parts.items() if keys)


def _together(
    keys: Sequence[str],
    own: Mapping[str, float | None],
    needs: Mapping[str, Need],
    measured: Mapping[str, Measurement],
) -> float:
    prepare = max(measured[key].prepare_seconds for key in keys)
    fetch = max(needs[key].fetch_seconds or 0.0 for key in keys)
    return prepare + fetch + sum(own[key] or 0.0 for key in keys)


def _rate(measured: Mapping[str, Measurement]) -> float | None:
    best = max(measured.values(), key=lambda each: each.bytes, default=None)
    return best.bytes / best.growing_seconds if best is not None and best.growing_seconds > 0 else None


def _own(need: Need, measured: Measurement | None, rate: float | None) -> float | None:
    if measured is None or rate is None or need.bytes is None or need.fetch_seconds is None:
        return None
    overhead = max(0.0, measured.growing_seconds - measured.bytes / rate)
    return overhead + measured.fixed_seconds + need.bytes / rate


def _all_before(key: str, among: Collection[str], systems: Systems) -> list[str]:
    found: list[str] = []
    waiting = sorted(dependencies(key, among, systems))
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.append(other)
            waiting += sorted(dependencies(other, among, systems))
    return found
