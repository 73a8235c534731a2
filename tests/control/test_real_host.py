"""setup on a Debian that boots: the watch runs hardened under systemd, comes back after a power cut, and goes again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.control import real
from tests.control.host import SITE
from tests.control.real import on, wait
from tests.lab.fixtures import MakeHost
from tests.lab.host import LabHost

pytestmark = [pytest.mark.lab, pytest.mark.restic]


@pytest.fixture
def control(program: Path, lab_host: MakeHost) -> LabHost:
    """A lab host with Holdfast and a site on it, before setup."""
    made = lab_host("control")
    real.furnish(made, program)
    return made


def test_the_watch_copies_what_is_due_under_systemd_and_survives_a_power_cut(control: LabHost) -> None:
    holdfast = f"/opt/holdfast/bin/holdfast --site {SITE}"
    on(control, "install -d -m 777 /srv/vault")  # setup starts the watch: a copy that fails for want of it would rest
    on(control, f"{holdfast} setup --yes && chown holdfast: /srv/vault && chmod 700 /srv/vault")
    assert "nothing to change" in on(control, f"{holdfast} setup --yes").stdout
    on(control, "systemctl restart holdfast-watch")
    wait(control, "holdfast backup status --json | grep -q '\"snapshot\"'")
    typed = control.ssh("holdfast", "watch", "show", "--json", user="minh", check=False)
    assert typed.stdout, typed.stderr
    shown = json.loads(typed.stdout)
    assert (shown["set_up"], shown["silence"]) == (True, "")
    who = json.loads(on(control, "holdfast ledger show --kind backup.finished --json").stdout)
    assert {record["actor"] for record in who} == {"holdfast"}

    control.power_cut()
    control.power_on()
    wait(control, 'holdfast watch show --json | grep -q \'"silence": ""\'')
    again = on(control, "systemctl show --property NRestarts --value holdfast-watch").stdout
    assert again.strip() == "0", "it takes over from the watch that lost its power, at once"

    said = on(control, f"{holdfast} uninstall --yes --with-state try-1").stdout
    assert "nothing of the installation remains" in said
    assert on(control, "systemctl cat holdfast-watch", check=False).returncode != 0
    assert on(control, "pgrep -f 'cli[.]app'", check=False).returncode != 0
