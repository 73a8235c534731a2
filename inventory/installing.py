"""Doing what the plan of an installation says, and taking it away again. Only root can."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inventory import installation, machine
from inventory.errors import HoldfastError, MissingToolError, RefusedError
from inventory.installation import Account, File, Folder, Key, Part, Seen, Service, Step, Wanted
from inventory.served import RECORD

_OLDEST_SUDO = (1, 9, 10)
_OTHERS_WRITE = 0o022


@dataclass(frozen=True)
class Written:
    """What the record says was made here: names of parts with a file's digest; the site it was made for."""

    site_id: str
    state: Path
    made: Mapping[str, str]


def written(record: Path = RECORD) -> Written | None:
    """Return what an earlier setup wrote down (None: there was none).

    Raises:
        HoldfastError: the record cannot be read; nothing is done without it.
    """
    try:
        content = json.loads(record.read_text())
        return Written(str(content["site_id"]), Path(content["state"]), dict(content["made"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HoldfastError(f"{record} cannot be read: {error}", hint="bring it back from a copy of /etc") from error


def plan(wanted: Wanted, parts: Sequence[Part]) -> list[Step]:
    """Return parts with what must be done about each.

    Raises:
        RefusedError: this machine belongs to another site.
    """
    before = written()
    if before is not None and before.site_id != wanted.site_id:
        raise RefusedError(
            f"this machine was set up for the site {before.site_id}", hint="first: sudo holdfast uninstall --plan"
        )
    made = before.made if before is not None else {}
    return [installation.judge(part, look(part), made) for part in parts]


def carry_out(wanted: Wanted, steps: Sequence[Step]) -> None:
    """Do what the plan says; each thing is written down before it is made, so that whatever is there can be removed.

    Raises:
        RefusedError: something in the plan is not ours; nothing was done.
        HoldfastError: a step failed; those before it stay, and are written down.
    """
    refused = [step.why for step in steps if step.change == "refuse"]
    if refused:
        raise RefusedError("; ".join(refused), hint="nothing was done; then run the command again")
    before = written()
    made = dict(before.made) if before is not None else {}
    for step in steps:
        if step.change:
            made[installation.name_of(step.part)] = _digest(step.part)
            _write_down(wanted, made)
            _make(step.part)
    _write_down(wanted, made)


def look(part: Part) -> Seen | None:
    """Return what is there of a part (None: nothing)."""
    match part:
        case Account(name=name):
            try:
                found = pwd.getpwnam(name)
            except KeyError:
                return None
            return Seen("login", shell=found.pw_shell, uid=found.pw_uid)
        case Service(name=name):
            return Seen("service") if machine.runs(name) else None
        case Folder(path=path) | File(path=path) | Key(path=path):
            return _look_at(path)


def require_program(python: Path) -> None:
    """Refuse to install a Holdfast that somebody else than root could change: that would be root's own.

    Raises:
        RefusedError: it names the first file that is not root's alone.
        MissingToolError: sudo, visudo or useradd is missing or too old.
    """
    for tool in ("sudo", "visudo", "useradd", "runuser"):
        if shutil.which(tool, path=machine.PATH) is None:
            raise MissingToolError(f"{tool} is missing", hint="apt-get install sudo passwd util-linux")
    version = machine.run("sudo", "--version").partition("version ")[2].split()[0]
    numbers = tuple(int(part) for part in version.partition("p")[0].split(".") if part.isdigit())
    if numbers < _OLDEST_SUDO:
        raise MissingToolError(f"sudo is {version}; its rules need 1.9.10", hint="use Debian 12 or newer")
    for path in _program(python):
        if others_can_change(path):
            raise RefusedError(
                f"somebody else than root can change {path}, a part of Holdfast",
                hint="install it for root: python3 -m venv /opt/holdfast && /opt/holdfast/bin/pip install holdfast",
            )
        if not path.stat().st_mode & stat.S_IROTH:
            raise RefusedError(
                f"the user {installation.USER} could not read {path}, a part of Holdfast",
                hint="install it where everybody can read it, such as /opt/holdfast",
            )


def require_site(root: Path) -> None:
    """Refuse a site that somebody else than root can write: who writes it decides what runs here, and who may.

    Raises:
        RefusedError: it names the first such file.
    """
    files = [
        root,
        *root.parents,
        *(path for name in ("inventory", "rules", "runbooks") for path in _below(root / name)),
    ]
    files += [path for path in sorted(root.iterdir()) if path.is_file()]
    for path in files:
        if others_can_change(path):
            raise RefusedError(
                f"somebody else than root can change {path}, a part of the site",
                hint=f"chown -R root:root {root} && chmod -R go-w {root}, or put it below {installation.SETTINGS}",
            )


def others_can_change(path: Path) -> bool:
    """Tell whether somebody else than root could change a file, or what lies in a folder."""
    status = path.stat()
    if status.st_uid != 0:
        return True
    return bool(status.st_mode & _OTHERS_WRITE) and not (stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX)


def _program(python: Path) -> Iterator[Path]:
    """Yield everything that is run: the environment, our packages, and the way to both."""
    ours = Path(__file__).resolve().parent.parent
    interpreter = python.resolve()
    for root in dict.fromkeys((Path(sys.prefix), ours)):
        yield from root.parents
    yield from (interpreter, *interpreter.parents)
    yield from _below(Path(sys.prefix) / "lib")
    for package in ("inventory", "ledger", "playbooks", "backup", "detect", "incident", "board", "cli"):
        yield from _below(ours / package)


def _below(root: Path) -> Iterator[Path]:
    if root.exists():
        yield root
        yield from (path for path in root.rglob("*") if "__pycache__" not in path.parts and path.exists())


def _look_at(path: Path) -> Seen | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    owner, mode = _owner(status.st_uid), stat.S_IMODE(status.st_mode)
    if stat.S_ISDIR(status.st_mode):
        return Seen("folder", owner, mode)
    if not stat.S_ISREG(status.st_mode):
        return Seen("other", owner, mode)
    return Seen("file", owner, mode, installation.digest(path.read_bytes()))


def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _make(part: Part) -> None:
    match part:
        case Account(name=name, home=home):
            words = ("--system", "--user-group", "--home-dir", str(home), "--no-create-home")
            machine.run("useradd", *words, "--shell", "/usr/sbin/nologin", "--comment", "Holdfast", name)
        case Folder(path=path, owner=owner, mode=mode):
            path.mkdir(exist_ok=True, mode=0o700)
            os.chown(path, pwd.getpwnam(owner).pw_uid, grp.getgrnam(owner).gr_gid)
            path.chmod(mode)
        case File():
            _place(part)
            if part.proof == "unit":
                machine.renew(part.path.name)
        case Key(words=words):
            machine.run("runuser", "-u", installation.USER, "--", str(installation.LAUNCHER), *words)
        case Service(name=name):
            machine.start(name)


def _place(part: File) -> None:
    """Prove a file with the program that will read it, then put it in place in one step."""
    part.path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".holdfast-", dir=part.path.parent) as folder:
        beside = Path(folder) / part.path.name
        beside.write_text(part.content)
        beside.chmod(part.mode)
        match part.proof:
            case "sudoers":
                machine.run("visudo", "--check", "--strict", "--file", str(beside))
            case "unit" if shutil.which("systemd-analyze", path=machine.PATH):
                machine.run("systemd-analyze", "verify", "--man=no", str(beside))
        beside.replace(part.path)


def _write_down(wanted: Wanted, made: Mapping[str, str]) -> None:
    installation.SETTINGS.mkdir(exist_ok=True, mode=0o755)
    _place(File(RECORD, installation.record(wanted, made), 0o644))


def rewrite(made: Mapping[str, str], record: Path = RECORD) -> None:
    """Write down anew what is there; the rest of the record stays."""
    content = json.loads(record.read_text()) | {"made": dict(made)}
    _place(File(record, json.dumps(content, indent=2) + "\n", 0o644))


def _digest(part: Part) -> str:
    return installation.digest(part.content) if isinstance(part, File) else ""
