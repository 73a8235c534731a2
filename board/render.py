"""Turn report data into pages: one file each, nothing fetched from anywhere, every value escaped."""

from __future__ import annotations

import math
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2

from incident.report import IncidentReport
from inventory import duration, size

_TEMPLATES = Path(__file__).parent / "templates"
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\U000e0000-\U000e007f]"
)
_SHORTEST, _LONGEST = 1.0, 4 * 86400.0


def incident_page(report: IncidentReport) -> str:
    """Return the incident report as one HTML page. The same report gives the same bytes."""
    return _environment().get_template("incident.html").render(report=report)


def position(seconds: float) -> float:
    """Return where a duration stands on the timeline's logarithmic axis, 0 (a second) to 100 (four days)."""
    bounded = min(max(seconds, _SHORTEST), _LONGEST)
    return round(100 * math.log(bounded / _SHORTEST) / math.log(_LONGEST / _SHORTEST), 2)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"time": _time, "span": _span, "mb": _megabytes, "position": position}
    return environment


def visible(text: str) -> str:
    """Make letters visible that rule a terminal, turn text round, are not seen, or cannot be written at all."""
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _shown(value: Any) -> Any:
    return visible(value) if isinstance(value, str) else value


def _time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def _span(seconds: float | None) -> str:
    return "not known" if seconds is None else duration.show(seconds)


def _megabytes(count: int) -> str:
    return size.show(count)
