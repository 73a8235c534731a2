"""Write pages to files."""

from __future__ import annotations

from pathlib import Path

from board import render
from incident.report import IncidentReport
from inventory.errors import HoldfastError
from ledger import durable


def write_incident(report: IncidentReport, target: Path) -> None:
    """Write an incident's page, whole or not at all.

    Raises:
        HoldfastError: the file cannot be written.
    """
    try:
        durable.write(target, render.incident_page(report).encode())
    except OSError as error:
        raise HoldfastError(
            f"{target} cannot be written: {error.strerror}", hint="give another file with --to FILE"
        ) from error
