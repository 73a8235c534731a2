"""The watch under systemd on a Debian that boots: its death is noticed, and taken away it leaves nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.errors import ExitCode
from tests.control import host as hosts
from tests.control import real
from tests.control.host import SITE
from tests.control.real import on, wait
from tests.lab.host import LabHost
from tests.lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.restic]

HOLDFAST = f"/opt/holdfast/bin/holdfast --site {SITE}"
LISTING = (
    "find / -xdev -name '*holdfast-watch*' -not -path '/proc/*'; systemctl list-units --all --plain 'holdfast*';"
    " systemctl list-unit-files 'holdfast*'; systemctl list-timers --all | grep holdfast; pgrep -af 'cli[.]app';"
    " ls -d /var/lib/holdfast/try-1/watch /etc/systemd/system/*.wants"
)
TOLD = Path("/var/lib/holdfast/told")
CHANNEL = f"notifications: {{duty: {{command: [sh, -c, 'cat >>{TOLD}']}}}}\n"


@pytest.fixture(scope="module")
def control(program: Path, lab: Lab) -> Iterator[LabHost]:
    """A control host after setup, its watch at work; the tests of this module follow one another on it."""
    made = lab.host("watched")
    settings = SITE / "holdfast.yml"
    real.furnish(made, program, {**hosts.FILES, settings: hosts.FILES[settings] + CHANNEL})
    on(made, "install -d -m 777 /srv/vault")
    on(made, f"{HOLDFAST} setup --yes && chown holdfast: /srv/vault && chmod 700 /srv/vault")
    yield made
    made.remove()


def listing(host: LabHost) -> list[str]:
    return sorted(on(host, LISTING, check=False).stdout.splitlines())


def records(host: LabHost, kind: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(on(host, f"holdfast ledger show --kind {kind} --json").stdout)
    return found


def test_taken_away_the_watch_leaves_nothing_and_put_back_it_works_again(control: LabHost) -> None:
    wait(control, "systemctl is-active holdfast-watch holdfast-watch-look.timer")
    on(control, "systemctl start holdfast-watch-look.service")
    planned = on(control, "holdfast watch remove --plan", check=False)
    assert (planned.returncode, "holdfast-watch-look.timer" in planned.stdout) == (ExitCode.FINDINGS, True)
    assert on(control, "holdfast watch remove </dev/null", check=False).returncode == ExitCode.REFUSED
    assert any("stamp-holdfast-watch-look.timer" in line for line in listing(control))

    said = on(control, "holdfast watch remove --yes").stdout
    assert "nothing of the watch remains" in said
    left = [line for line in listing(control) if "holdfast" in line or "cli.app" in line]
    assert left == [], "every file, link, stamp, unit and process is gone"
    today = json.loads(on(control, "holdfast today --json", check=False).stdout)
    assert ("amber", "sudo holdfast watch install") in {(task["state"], task["command"]) for task in today}

    planned = on(control, "holdfast watch install --plan", check=False)
    assert (planned.returncode, listing(control) != []) == (ExitCode.FINDINGS, True)
    on(control, "holdfast watch install --yes")
    assert "nothing to change" in on(control, "holdfast watch install --yes").stdout
    assert "nothing to change" in on(control, f"{HOLDFAST} setup --yes").stdout
    wait(control, 'holdfast watch show --json | grep -q \'"silence": ""\'')


def test_a_loop_that_is_killed_is_noticed_by_today_and_by_the_look_which_tells_somebody(control: LabHost) -> None:
    stay_dead = "/run/systemd/system/holdfast-watch.service.d"
    on(control, f"mkdir -p {stay_dead} && printf '[Service]\\nRestart=no\\n' >{stay_dead}/no.conf")
    on(control, "systemctl daemon-reload && systemctl kill --signal=KILL --kill-whom=main holdfast-watch")
    today = json.loads(on(control, "holdfast today --json", check=False).stdout)
    [red] = [task for task in today if task["command"] == "systemctl status holdfast-watch"]
    assert (red["state"], "is dead" in red["what"]) == ("red", True)

    looked = on(control, "systemctl start holdfast-watch-look.service", check=False)
    assert looked.returncode != 0, "a look that finds the watch dead is a failed unit, seen by whatever looks at units"
    assert "The watch is silent" in on(control, f"cat {TOLD}").stdout
    [silent] = records(control, "watch.silent")
    assert "is dead" in str(silent["body"])

    on(control, f"rm -r {stay_dead} && systemctl daemon-reload && systemctl start holdfast-watch")
    on(control, "systemctl start holdfast-watch-look.service")
    assert len(records(control, "watch.heard")) == 1
