"""This machine's own programs, run as root: users, sudo, and the units of systemd."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from inventory import reach
from inventory.errors import HoldfastError
from inventory.launching import UNITS

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_STAMPS = Path("/var/lib/systemd/timers")
_SECONDS = 120


def run(*words: str) -> str:
    """Run a program of the system and return what it said.

    Raises:
        HoldfastError: it ended with a failure; its own words are in the message.
    """
    outcome = reach.run(reach.Command(words, env={"PATH": PATH}, limit=_SECONDS))
    if outcome.exit_code != 0:
        said = (outcome.stderr.strip() or outcome.stdout.strip() or f"ended with {outcome.exit_code}").splitlines()
        raise HoldfastError(f"{words[0]} failed: {said[-1]}", hint=f"try it by hand: {' '.join(words)}")
    return outcome.stdout


def systemd() -> bool:
    """Tell whether systemd runs this machine."""
    return Path("/run/systemd/system").is_dir()


def runs(unit: str) -> bool:
    """Tell whether a unit runs (a timer: waits for its time), now and after a start of the machine."""
    with suppress(HoldfastError):
        run("systemctl", "is-enabled", "--quiet", unit)
        run("systemctl", "is-active", "--quiet", unit)
        return True
    return False


def start(unit: str) -> None:
    """Let a unit run now and after every start of the machine."""
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--now", unit)


def renew(unit: str) -> None:
    """Let systemd read a unit's new file; if it runs, it goes on by the new one."""
    if systemd():
        run("systemctl", "daemon-reload")
        run("systemctl", "try-restart", unit)


def end(unit: str) -> None:
    """End a unit for good; of a timer also what it started, and the note of when that was."""
    if not systemd():
        return
    if not (UNITS / unit).exists():  # somebody took its file away, but not what systemd made of it
        with suppress(HoldfastError):
            run("systemctl", "stop", unit)
        for trace in (*(folder / unit for folder in UNITS.glob("*.wants")), _STAMPS / f"stamp-{unit}"):
            trace.unlink(missing_ok=True)
        forget(unit)
        return
    run("systemctl", "disable", "--now", unit)
    if unit.endswith(".timer"):
        run("systemctl", "stop", unit.removesuffix(".timer") + ".service")
        run("systemctl", "clean", "--what=state", unit)


def forget(unit: str) -> None:
    """Let systemd forget a unit whose file is gone, and how it ended."""
    if systemd():
        run("systemctl", "daemon-reload")
        with suppress(HoldfastError):  # it knows nothing of it any more
            run("systemctl", "reset-failed", unit)


def traces(prefix: str, *, units: Path = UNITS, stamps: Path = _STAMPS) -> Iterator[Path]:
    """Yield what is left of units whose names begin with `prefix`: their files, links, additions and timers' notes."""
    yield from sorted(units.rglob(f"{prefix}*"))
    yield from sorted(stamps.glob(f"stamp-{prefix}*"))
