"""Checks of what only Holdfast may read or write: state, keys, ledger, site."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from shlex import quote

from incident.doctor.finding import Check, Found
from incident.doctor.patient import Patient

_NAMED = 3
_OTHERS, _OTHERS_WRITE = 0o077, 0o022


def checks(patient: Patient) -> list[Check]:
    """Return the checks of ownership and modes."""
    return [
        Check(
            "state-private",
            "the state directory holds every password and the ledger",
            lambda: state_private(patient.state),
        ),
        Check(
            "keys-private",
            "whoever reads a repository's password reads all of its copies",
            lambda: keys_private(patient.state / "keys"),
        ),
        Check(
            "site-guarded",
            "whoever can write the site decides what Holdfast runs, and who may",
            lambda: site_guarded(patient.site.root),
        ),
    ]


def state_private(state: Path) -> Iterator[Found]:
    """Is the state directory there, ours alone, and whole?"""
    if not state.is_dir():
        yield Found("red", f"there is no state directory {state}", mend="sudo holdfast setup")
        return
    status = state.stat()
    if status.st_uid != os.geteuid():
        words = f"{state} belongs to user {status.st_uid}, and this is user {os.geteuid()}"
        yield Found("red", words, mend=f"run Holdfast as the owner of {state}")
    elif status.st_mode & _OTHERS:
        yield Found("red", f"others may enter {state} ({_mode(status)})", mend=f"chmod 700 {quote(str(state))}")
    else:
        yield Found("green", f"{state} is closed to others")
    open_ = [file for file in _ledger_files(state) if file.stat().st_mode & _OTHERS]
    if open_:
        yield Found("red", f"others may read {_names(open_)}", "ledger", f"chmod 600 {_quoted(open_)}")
    strangers = [path for path in sorted(state.iterdir()) if path.lstat().st_uid != status.st_uid]
    if strangers:
        words = f"not of the same owner: {_names(strangers)}"
        yield Found("red", words, "content", f"sudo chown -R {status.st_uid}:{status.st_gid} {quote(str(state))}")


def keys_private(keys: Path) -> Iterable[Found]:
    """Can nobody else read a key, and is none empty?"""
    if not keys.is_dir():
        return [Found("amber", "no key was made yet", mend="holdfast backup run --all")]
    files = [path for path in sorted(keys.rglob("*")) if path.suffix != ".pub" and not path.is_dir()]
    open_ = [path for path in files if path.lstat().st_mode & _OTHERS]
    empty = [path for path in files if path.stat().st_size == 0]
    found = []
    if open_:
        words = f"others may read {_names(open_)}"
        found.append(Found("red", words, mend=f"chmod -R go= {quote(str(keys))}"))
    if empty:
        found.append(Found("red", f"empty: {_names(empty)}", mend="bring them back from the escrow"))
    return found or [Found("green", f"{len(files)} keys, none readable by others")]


def site_guarded(root: Path) -> Iterator[Found]:
    """Can only the owner write the site, and nobody change the way to it?"""
    writable = [path for path in _site_files(root) if _writable(path)]
    if writable:
        words = f"others may write {_names(writable)}" + (
            f" and {len(writable) - _NAMED} more" * (len(writable) > _NAMED)
        )
        yield Found("red", words, mend=f"chmod -R go-w {quote(str(root))}")
    way = [path for path in root.parents if _writable(path) and not path.stat().st_mode & stat.S_ISVTX]
    if way:
        yield Found("red", f"others may exchange what lies in {_names(way)}", mend=f"chmod go-w {_quoted(way)}")
    if not writable and not way:
        yield Found("green", f"only its owner can write {root}")


def _site_files(root: Path) -> Iterator[Path]:
    """Yield the site's files and folders; git's own and stores inside the site have their own rules."""
    yield root
    for entry in sorted(root.iterdir()):
        if entry.name == "inventory" or entry.name in {"rules", "runbooks", "registers"}:
            yield from (entry, *sorted(entry.rglob("*")))
        elif entry.is_file() and not entry.name.startswith("."):
            yield entry


def _writable(path: Path) -> bool:
    status = path.stat() if path.exists() else path.lstat()
    return bool(status.st_mode & _OTHERS_WRITE)


def _ledger_files(state: Path) -> list[Path]:
    return sorted(path for path in state.glob("ledger.db*") if path.is_file())


def _mode(status: os.stat_result) -> str:
    return f"{stat.S_IMODE(status.st_mode):04o}"


def _names(paths: list[Path]) -> str:
    return ", ".join(str(path) for path in paths[:_NAMED])


def _quoted(paths: list[Path]) -> str:
    return " ".join(quote(str(path)) for path in paths[:_NAMED])
