"""The watch under systemd on a Debian that boots: after a power cut it catches up, its death is noticed, and taken away
it leaves nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
COPIES = 5
"""One of edoc when the watch was first started, two of eight hours ago, two caught up."""
TOLD = Path("/var/lib/holdfast/told")
INVENTORY = """
KEY:
  hosts: {KEY-1: {ansible_connection: local, holdfast_root: /srv/host}}
  vars:
    system:
      name: KEY
      level: LEVEL
      data: [{files: [/srv/edoc], host: KEY-1}]
      copies: [{vault: main, every: 6h}]
      logs: [{host: KEY-1, file: /var/log/auth.log}]
"""
AGO = """
from datetime import timedelta
from pathlib import Path
from backup import take
from backup.depot import Depot
from cli.clock import SystemClock
from incident import opening
from inventory import site
from ledger.ledger import Ledger

class Ago(SystemClock):
    def now(self):
        return super().now() - timedelta(hours=8)

state, known = Path("/var/lib/holdfast/try-1"), site.load(Path("/etc/holdfast/site"))
ledger = Ledger.open(state, Ago(), "holdfast")
for key in ("land", "idp"):
    assert take.back_up(Depot(known, state, ledger), key).status == "complete"
opening.open_now(ledger, known, "Documents unreadable", named=["edoc"], from_alerts=False)
"""
"""Copies and an incident of eight hours ago, made for real by a clock that was set so; the watch is what is tried."""
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


def records(host: LabHost, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(on(host, f"holdfast ledger show --kind {kind} --json").stdout)
    return found


def test_taken_away_the_watch_leaves_nothing_and_put_back_it_works_again(control: LabHost) -> None:
    wait(control, "systemctl is-active holdfast-watch holdfast-watch-look.timer")
    wait(control, "holdfast ledger show --kind backup.finished --json | grep -q complete")
    assert {record["actor"] for record in records(control, "backup.finished")} == {"holdfast"}
    assert "nothing to change" in on(control, f"{HOLDFAST} setup --yes").stdout
    typed = control.ssh("holdfast", "watch", "show", "--json", user="minh", check=False)
    assert typed.stdout, typed.stderr
    shown = json.loads(typed.stdout)
    assert (shown["set_up"], shown["silence"]) == (True, "")
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


def put(host: LabHost, file: Path, text: str) -> None:
    (host.root / str(file).lstrip("/")).write_text(text)
    on(host, f"chmod 644 {file}")


def test_after_a_power_cut_what_was_missed_is_done_once_the_most_important_first(control: LabHost) -> None:
    on(control, "systemctl stop holdfast-watch")
    for key, level in (("land", 1), ("idp", 3)):
        put(control, SITE / f"inventory/{key}.yml", INVENTORY.replace("KEY", key).replace("LEVEL", str(level)))
    put(control, Path("/opt/holdfast/ago.py"), AGO)
    run = "env PATH=/opt/holdfast/bin:/usr/bin:/bin HOME=/var/lib/holdfast /opt/holdfast/bin/python -I"
    on(control, f"cd / && runuser -u holdfast -- {run} /opt/holdfast/ago.py")
    log = Path("/srv/host/var/log/auth.log")
    on(control, f"mkdir -p {log.parent}")
    now = on(control, "date +%Y-%m-%dT%H:%M:%S%:z").stdout.strip()
    put(control, log, f"{now} watched sshd[42]: Accepted password for root from 203.0.113.7 port 50122 ssh2\n")
    before = records(control, "backup.finished")[-1]["seq"]

    control.power_cut()
    control.power_on()
    wait(control, f"holdfast ledger show --kind backup.finished --json | grep -c complete | grep -qx {COPIES}")
    wait(control, "holdfast ledger outbox list --json | grep -q 'first feedback is LATE'")
    wait(control, "holdfast detect alerts list --json | grep -q '\"id\"'")
    late = records(control, "watch.copy.late")
    assert [record["system"] for record in late] == ["idp", "land"], "the higher level first"
    assert all(7000 < record["body"]["late_seconds"] < 9000 for record in late)
    on(control, "holdfast watch round backup")
    after = [record for record in records(control, "backup.finished") if record["seq"] > before]
    assert [record["system"] for record in after] == ["idp", "land"], "each once"
    shown = json.loads(on(control, "holdfast watch show --json", check=False).stdout)
    assert {each["kind"] for each in shown["ahead"]} == {"vault", "detect", "clock"}
    assert {part["part"] for part in shown["parts"]} == {"backup", "detect", "clocks", "outbox"}
    assert records(control, "watch.started")[-1]["body"]["silent_seconds"] >= 0
    restarts = on(control, "systemctl show --property NRestarts --value holdfast-watch").stdout
    assert restarts.strip() == "0", "it takes over from the watch that lost its power, at once"
    assert json.loads(on(control, "holdfast ledger verify --json", check=False).stdout)["whole"] is True


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


def test_uninstalled_nothing_is_left_even_if_somebody_took_a_units_file_away_before(control: LabHost) -> None:
    on(control, "rm /etc/systemd/system/holdfast-watch-look.timer")
    said = on(control, f"{HOLDFAST} uninstall --yes --with-state try-1").stdout
    assert "nothing of the installation remains" in said
    assert on(control, "systemctl cat holdfast-watch", check=False).returncode != 0
    assert on(control, "pgrep -f 'cli[.]app'", check=False).returncode != 0
    assert [line for line in listing(control) if "holdfast" in line] == []
