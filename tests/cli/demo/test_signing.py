from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

from cli.demo import signing
from inventory import approval
from inventory.approval import Request
from inventory.people import People, Person

REQUEST = Request("demo-district", "recover r1 gate clean-target", "ab" * 32, "is it clean?")


def test_what_the_demo_signs_is_checked_as_anybody_elses(tmp_path: Path) -> None:
    key = signing.make_key(tmp_path)
    text = tmp_path / "it.approval"
    text.write_bytes(REQUEST.text())
    subprocess.run(signing.command(tmp_path, text), check=True, capture_output=True)
    staff = People(people=[Person(name="Me", login="me", roles=["approver"], key=key)])
    now = datetime(2026, 11, 25, tzinfo=UTC)
    found = approval.verify(REQUEST, Path(f"{text}.sig"), staff, date(2026, 11, 25), now)
    assert (found.person, found.signed) == ("Me", True)
    assert signing.key_of(tmp_path).stat().st_mode & 0o077 == 0
