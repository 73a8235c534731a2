"""Approvals: a person's signature over exactly what is to be done, made offline with ssh-keygen alone.

What is signed is a short text (`Request`). It names the site, the action, and the digest of the plan, so that a
signature for one is worth nothing for another. `ssh-keygen -Y sign` makes the signature on any machine that has the
private key; here ssh-keygen checks it against the keys of people.yml. No secret of anybody is ever needed here.
"""

from __future__ import annotations

import errno
import re
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from shlex import quote
from typing import Any

from inventory import reach
from inventory.clock import to_text
from inventory.errors import RefusedError
from inventory.people import Actor, People, Person, Role
from inventory.reach import Command
from inventory.sshsig import LARGEST, Signature, SignatureError, take_apart

NAMESPACE = "holdfast-approval"
_FORMAT = "holdfast approval 1"
_FIELDS = ("site", "action", "plan", "what")

_LONGEST_LINE = 500
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LIMIT_SECONDS = 30.0


class ApprovalError(RefusedError):
    """An approval that does not count: the wrong key, person, plan or text (exit 4)."""


@dataclass(frozen=True)
class Request:
    """What somebody is asked to approve.

    `action` names what will be done and to what (`recover inc-20260131-01-r1 edoc/clean-target`), `plan` is the
    SHA-256 (hex) of the plan it belongs to, `what` a line that a person understands.
    """

    site: str
    action: str
    plan: str
    what: str

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.plan):
            raise ValueError("a plan's digest is a SHA-256 in hex")

    def text(self) -> bytes:
        """Return the bytes that are signed: always the same for the same request."""
        lines = [_FORMAT, *(f"{name}: {_line(getattr(self, name))}" for name in _FIELDS)]
        return ("\n".join(lines) + "\n").encode()

    @property
    def file_name(self) -> str:
        """Return a name for the file that holds the text: readable, and different for every request."""
        words = re.sub(r"[^a-z0-9]+", "-", self.action.lower()).strip("-")[:80]
        return f"{words}-{self.plan[:8]}.approval"


@dataclass(frozen=True)
class Approval:
    """Who approved: signed (with which key; `signature` is what was checked) or only claimed by a login."""

    person: str
    login: str
    fingerprint: str
    signed: bool
    at: datetime
    signature: str = ""

    @property
    def words(self) -> str:
        """Say whose it is and what it is worth."""
        return f"approved by {self.person} (signed)" if self.signed else f"claimed by {self.person}, unsigned"

    def as_json(self) -> dict[str, Any]:
        """Return what the ledger keeps."""
        return {
            "person": self.person,
            "login": self.login,
            "fingerprint": self.fingerprint,
            "signed": self.signed,
            "at": to_text(self.at),
            "signature": self.signature,
        }


@dataclass(frozen=True)
class Rule:
    """What is asked of approvals: a role of each person, how many people, signatures, and somebody else's yes.

    `another` says that the person who asks (the actor) may not be the one who approves.
    """

    roles: tuple[Role, ...] = ("approver", "head")
    people: int = 1
    signed: bool = True
    another: bool = False


def read(text: bytes) -> Request:
    """Read the text of a request.

    Raises:
        ApprovalError: it is none, or one with a letter too many.
    """
    refusal = ApprovalError("this is no text to approve, or it was changed", hint="ask for it again where it was made")
    if len(text) > LARGEST:
        raise refusal
    lines = text.decode(errors="replace").splitlines()
    values = [line.removeprefix(f"{name}: ") for name, line in zip(_FIELDS, lines[1:], strict=False)]
    if len(values) != len(_FIELDS) or not _DIGEST.fullmatch(values[2]):
        raise refusal
    request = Request(*values)
    if request.text() != text:
        raise refusal
    return request


def read_file(file: Path) -> Request:
    """Read the file of a request.

    Raises:
        ApprovalError: not there, or no request.
    """
    try:
        return read(_content(file))
    except OSError as error:
        raise ApprovalError(f"{file} cannot be read: {error.strerror}", hint="name the text to approve") from error


def sign_command(file: Path | str) -> str:
    """Return the line that signs a request, for the approver to paste."""
    return f"ssh-keygen -Y sign -n {NAMESPACE} -f ~/.ssh/id_ed25519 {quote(str(file))}"


def claimed(actor: Actor, now: datetime) -> Approval:
    """Return the approval of whoever runs the command: worth their word, recorded as claimed."""
    name = actor.login if actor.person is None else actor.person.name
    return Approval(name, actor.login, "", signed=False, at=now)


def verify(request: Request, file: Path, people: People, today: date, now: datetime) -> Approval:
    """Check one signature file against a request and the people of the site.

    Args:
        request: what is about to be done.
        file: what ssh-keygen wrote, `REQUEST.sig`.
        people: whose keys count.
        today: the day where the site is; a person outside their days does not act.
        now: the moment that the approval is dated with; a signature itself bears none.

    Raises:
        ApprovalError: it does not count; the message says why.
    """
    signature = open_signature(file)
    person = signer(signature, people, today, file)
    if not _is_over(request.text(), signature):
        raise ApprovalError(
            f"{file} is not {person.name}'s signature over this: {_why_not(file, request, signature)}",
            hint=f"have this text signed: holdfast approval show {file.name.removesuffix('.sig')}",
        )
    return Approval(person.name, person.login, signature.key.fingerprint, signed=True, at=now, signature=signature.text)


def open_signature(file: Path) -> Signature:
    """Read a signature file.

    Raises:
        ApprovalError: not there, no signature, damaged, far too large, or made for something else.
    """
    try:
        signature = take_apart(_content(file))
    except OSError as error:
        raise ApprovalError(
            f"{file} cannot be read: {error.strerror}", hint="name the file that ssh-keygen wrote"
        ) from error
    except SignatureError as error:
        raise ApprovalError(f"{file} is no signature: {error}", hint=sign_command("REQUEST")) from error
    if signature.namespace != NAMESPACE:
        raise ApprovalError(
            f"{file} was signed as {signature.namespace!r}, not as {NAMESPACE!r}", hint=sign_command("REQUEST")
        )
    return signature


def signer(signature: Signature, people: People, today: date, file: Path) -> Person:
    """Return whose key made a signature; whether it is good is not looked at.

    Raises:
        ApprovalError: nobody's, or somebody's who does not act today.
    """
    person = people.holder(signature.key.blob)
    if person is None:
        raise ApprovalError(
            f"{file} was signed with a key of nobody in people.yml: {signature.key.fingerprint}",
            hint="sign with a key that people.yml names, or have it added there",
        )
    if why := person.why_not_acting(today):
        raise ApprovalError(f"{file} was signed by {person.name}, but {why}", hint="ask somebody who acts today")
    return person


def require(approvals: Sequence[Approval], rule: Rule, people: People, actor: Actor) -> None:
    """Refuse unless approvals satisfy a rule.

    Raises:
        ApprovalError: too few, the same person twice, a person without the role, unsigned, or the actor's own.
    """
    seen: set[str] = set()
    for each in approvals:
        if each.login in seen:
            raise ApprovalError(
                f"{each.person} approved twice; that is one person", hint="give one signature of each person"
            )
        seen.add(each.login)
        person = people.find(each.login)
        roles = () if person is None else person.roles
        if not set(rule.roles) & set(roles):
            needed = " or ".join(rule.roles)
            raise ApprovalError(
                f"{each.person} holds {', '.join(roles) or 'no role'}; approving this needs {needed}",
                hint=f"ask somebody who is {needed}",
            )
        if rule.another and each.login == actor.login:
            raise ApprovalError(
                f"{each.person} asks for this and cannot be the one who approves it", hint="ask another person to sign"
            )
        if rule.signed and not each.signed:
            raise ApprovalError(f"{each.person} only claims it; this needs a signature", hint=sign_command("REQUEST"))
    if len(seen) < rule.people:
        have = ", ".join(each.person for each in approvals) or "nobody"
        plural = "person" if rule.people == 1 else "people"
        raise ApprovalError(
            f"this needs the approval of {rule.people} {plural}; approved: {have}", hint=sign_command("REQUEST")
        )


def _is_over(text: bytes, signature: Signature) -> bool:
    """Ask ssh-keygen whether a signature is good, over a text, by the key that it names."""
    with tempfile.TemporaryDirectory(prefix="holdfast-approval-") as folder:
        signers, file = Path(folder) / "signers", Path(folder) / "signature"
        signers.write_text(f'approver namespaces="{NAMESPACE}" {signature.key.line}\n', encoding="ascii")
        file.write_text(signature.text, encoding="ascii")
        argv = ("ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", "approver", "-n", NAMESPACE, "-s", str(file))
        return reach.run(Command(argv, stdin=text, limit=_LIMIT_SECONDS)).exit_code == 0


def _why_not(file: Path, request: Request, signature: Signature) -> str:
    """Say what a good signature is over instead, as far as the text beside it tells."""
    beside = file.with_suffix("")
    try:
        other = read_file(beside)
    except ApprovalError:
        return "it is over another text, or the text was changed"
    if not _is_over(other.text(), signature):
        return f"{beside} was changed after it was signed, or belongs to another signature"
    for name, title in (("site", "site"), ("action", "action"), ("plan", "plan"), ("what", "wording")):
        if (theirs := _line(getattr(other, name))) != (ours := _line(getattr(request, name))):
            return f"it is for another {title} ({theirs[:80]}; this is {ours[:80]})"
    return "the text was changed"


def _content(file: Path) -> bytes:
    """Return what is in a file that ought to be small; a pipe or a device is no file."""
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "it is no regular file")
    with file.open("rb") as stream:
        return stream.read(LARGEST + 1)


def _line(text: str) -> str:
    """Return a text as one line that shows what it says: no control characters, nothing invisible."""
    shown = "".join(letter if unicodedata.category(letter)[0] != "C" else " " for letter in text)
    words = " ".join(shown.split())
    return words if len(words) <= _LONGEST_LINE else words[: _LONGEST_LINE - 1] + "…"
