"""What really logging in shows about a host's account: that it works after preparing, that it is gone after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inventory import known_hosts, reach, sitekey, ssh
from inventory.errors import ExitCode, HoldfastError, RefusedError
from inventory.reach import Command, Ssh
from inventory.site import Site
from inventory.system import Host
from playbooks.ansible import TaskResult

KEEPER = "/usr/local/lib/holdfast/keeper"
RESTIC = "/usr/local/lib/holdfast/restic"
COPIES = "/usr/local/lib/holdfast/copies"
_SECONDS = 60.0
_NOBODY = "nobody could look"


@dataclass(frozen=True)
class Proof:
    """One thing that was looked at: `holds` says whether it is so, None that it could not be looked at."""

    what: str
    holds: bool | None
    found: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def worst(proofs: Iterable[Proof]) -> ExitCode:
    """Return 3 when something is not so, 1 when something could not be looked at, else 0."""
    states = [proof.holds for proof in proofs]
    if False in states:
        return ExitCode.UNFINISHED
    return ExitCode.FINDINGS if None in states else ExitCode.DONE


def account(host: Host, state: Path) -> Host:
    """Return a host as Holdfast's own account reaches it, with the site's key."""
    return host.model_copy(update={"user": sitekey.ACCOUNT, "key_file": str(sitekey.path(state))})


def works(site: Site, state: Path, host: Host, *, hardening: bool) -> list[Proof]:
    """Log in as the account and do what it is for, and what it must not be able to do."""
    target, way = account(host, state), Ssh(site.root / known_hosts.FILE, connect=15)

    def run(*argv: str, as_root: bool = False) -> reach.Outcome:
        return reach.run(Command(argv, limit=_SECONDS, as_root=as_root), on=target, ssh=way)

    def login() -> Proof:
        said = run("id", "-un").stdout.strip()
        return Proof("a new login", said == sitekey.ACCOUNT, f"it is {said or 'nobody'}")

    def restic() -> Proof:
        done = run(RESTIC, "version", as_root=True)
        found = done.stdout.strip() or done.stderr.strip()
        return Proof("restic as root through the keeper", done.exit_code == 0, found)

    def copies() -> Proof:
        done = run(COPIES, "--version", as_root=True)
        found = done.stdout.strip()[:16] or done.stderr.strip()
        return Proof("copies as root through the keeper", done.exit_code == 0, found)

    def keeper() -> Proof:
        what = "the keeper refuses what is not listed"
        try:
            done = run("id", "-un", as_root=True)
        except RefusedError as error:
            return Proof(what, holds=True, found=error.message)
        return Proof(what, holds=False, found=f"it ran id as {done.stdout.strip()}")

    def sudo() -> Proof:
        done = run("sudo", "-n", "id", "-un")
        if hardening:
            return Proof("sudo gives root, as asked for", done.stdout.strip() == "root", done.stdout.strip())
        return Proof("sudo refuses everything else", done.exit_code != 0, done.stderr.strip() or done.stdout.strip())

    looks: dict[str, Callable[[], Proof]] = {
        "a new login": login,
        "restic as root through the keeper": restic,
        "copies as root through the keeper": copies,
        "the keeper refuses what is not listed": keeper,
        "sudo": sudo,
    }
    return [_look(what, each) for what, each in looks.items()]


def _look(what: str, look: Callable[[], Proof]) -> Proof:
    try:
        return look()
    except HoldfastError as error:
        return Proof(what, holds=False, found=error.message)


def refused(site: Site, state: Path, host: Host) -> Proof:
    """Try to log in as the account, with the key that used to open it."""
    what = "a new login is refused"
    if not sitekey.path(state).is_file():
        return Proof(what, holds=None, found="this site has no SSH key to try with")
    argv = ssh.arguments(account(host, state), Ssh(site.root / known_hosts.FILE, connect=15))
    try:
        done = reach.run(Command(tuple(argv), limit=_SECONDS))
    except HoldfastError as error:
        return Proof(what, holds=None, found=error.message)
    said = ssh.plain(done.stderr)
    if done.exit_code == 255 and "Permission denied" in done.stderr:
        return Proof(what, holds=True, found=said)
    if done.exit_code == 255:
        return Proof(what, holds=None, found=said or "ssh said nothing")
    return Proof(what, holds=False, found="the account still lets us in")


def gone(results: Sequence[TaskResult]) -> list[Proof]:
    """Judge what an administrator saw (content/look.yml); what was not seen is not known to be gone."""
    seen = _seen(results)
    things = {
        "the account is gone": ["passwd", "group"],
        "its files are gone": sorted(name for name in seen if name.startswith("/")),
        "nothing of it runs": ["processes"],
    }
    found = [_judge(what, names, seen) for what, names in things.items()]
    sudo = {"whole": True, "broken": False}.get(seen.get("sudo", ""))
    return [*found, Proof("sudo's rules can be read", sudo, "by visudo" if sudo is not None else _NOBODY)]


def uid(results: Sequence[TaskResult]) -> str:
    """Return the account's number that an administrator saw, or an empty text."""
    for line in _lines(results):
        words = line.removeprefix("there passwd ").split(":")
        if line.startswith("there passwd ") and len(words) == 7 and words[2].isdecimal():
            return words[2]
    return ""


def _lines(results: Sequence[TaskResult]) -> list[str]:
    """Return what the host said, if it said it whole: its last line is about sudo."""
    texts = [each.result.get("stdout") for each in results if each.task == "Look" and each.status == "ok"]
    lines = texts[-1].splitlines() if texts and isinstance(texts[-1], str) else []
    return lines if lines and lines[-1].endswith(" sudo") else []


def _seen(results: Sequence[TaskResult]) -> dict[str, str]:
    return {words[1]: words[0] for line in _lines(results) if len(words := line.split(" ")) >= 2}


def _judge(what: str, names: Sequence[str], seen: Mapping[str, str]) -> Proof:
    if there := [name for name in names if seen.get(name) == "there"]:
        return Proof(what, holds=False, found=f"still there: {', '.join(there)}")
    if not names or any(seen.get(name) != "gone" for name in names):
        return Proof(what, holds=None, found=_NOBODY)
    return Proof(what, holds=True, found=f"looked for {', '.join(names)}")
