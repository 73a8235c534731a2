"""What copies need on the host that holds the data: list, stage, look for room, compare, rename; PostgreSQL.

The same functions serve this machine by a call and other hosts as one program, `copies`, which
`holdfast inventory host prepare` installs: a zip file of these modules that needs nothing but Python 3.9.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import cache
from pathlib import Path

INSTALLED = "/usr/local/lib/holdfast/copies"
"""Where a prepared host has it."""

RESTIC = "/usr/local/lib/holdfast/restic"
"""Where a prepared host has restic."""

STATE = "/var/lib/holdfast-copies"
"""Where a host keeps what is staged, and restic's cache: root's alone."""

PARTS = (
    *("inventory/__init__.py", "inventory/errors.py", "inventory/size.py"),
    *(
        "backup/__init__.py",
        "backup/errors.py",
        "backup/comparison.py",
        "backup/manifest.py",
        "backup/onhost/__init__.py",
    ),
    *(f"backup/onhost/{name}.py" for name in ("landing", "order", "room", "service", "sqlite", "survey")),
    *(f"backup/onhost/{name}.py" for name in ("databases", "dumping", "postgresql", "psql", "roles")),
)
_ROOT = Path(__file__).parent.parent.parent
_MAIN = "import sys\nfrom backup.onhost.service import main\nsys.exit(main(sys.argv[1:]))\n"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


@cache
def program() -> bytes:
    """Return the program as one file, the same bytes from the same modules; stored, so that it can be read."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in PARTS:
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), (_ROOT / name).read_bytes())
        archive.writestr(zipfile.ZipInfo("__main__.py", _LONG_AGO), _MAIN)
    return b"#!/usr/bin/python3 -I\n" + packed.getvalue()


@cache
def digest() -> str:
    """Return the SHA-256 of the program, by which a host's is known to be this version's."""
    return hashlib.sha256(program()).hexdigest()
