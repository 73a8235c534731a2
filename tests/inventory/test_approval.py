from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import approval, people
from inventory.approval import Approval, ApprovalError, Request, Rule
from inventory.errors import ExitCode
from inventory.people import People, Person
from tests.inventory import signing

NOW = datetime(2026, 11, 25, 3, 10, tzinfo=UTC)
TODAY = date(2026, 11, 25)
REQUEST = Request("haichau-1a2b3c", "recover inc-1-r1 edoc/clean-target", "ab" * 32, "is spare-1 for edoc clean?")
texts = st.text(max_size=80)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)


@dataclass(frozen=True)
class Office:
    """Three people with a key each; Hoa has two. A stranger has one too."""

    folder: Path
    people: People

    def sign(self, who: str, request: Request = REQUEST, namespace: str = approval.NAMESPACE) -> Path:
        return signing.sign(self.folder / who, request, namespace=namespace)

    def verify(self, file: Path, request: Request = REQUEST, today: date = TODAY) -> Approval:
        return approval.verify(request, file, self.people, today, NOW)

    def refused(self, file: Path, request: Request = REQUEST, today: date = TODAY) -> str:
        with pytest.raises(ApprovalError) as caught:
            self.verify(file, request, today)
        assert caught.value.exit_code == ExitCode.REFUSED
        assert caught.value.hint
        return caught.value.message


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("keys")
    kinds = {"lan": ("-t", "ecdsa", "-b", "384"), "minh": ("-t", "rsa", "-b", "3072")}
    files = {name: signing.key(folder, name, *kinds.get(name, ())) for name in ("hoa", "hoa2", "lan", "minh", "thief")}
    public = {name: signing.public(file) for name, file in files.items()}
    staff = [
        Person(name="Hoa", login="hoa", roles=["approver"], key=public["hoa"], keys=[public["hoa2"]]),
        Person(name="Lan", login="lan", roles=["head"], keys=[public["lan"]], until=date(2026, 12, 31)),
        Person(name="Minh", login="minh", roles=["responder"], key=public["minh"]),
    ]
    return Office(folder, People(people=staff))


@pytest.mark.parametrize("who", ["hoa", "hoa2", "lan", "minh"])
def test_a_signature_by_any_kind_of_key_tells_its_person(office: Office, who: str) -> None:
    found = office.verify(office.sign(who))
    assert (found.login, found.signed, found.at) == (who.rstrip("2"), True, NOW)
    listed = subprocess.run(["ssh-keygen", "-l", "-f", office.folder / f"{who}.pub"], capture_output=True, text=True)
    assert found.fingerprint == listed.stdout.split()[1]
    assert found.words == f"approved by {found.person} (signed)"


def test_the_signature_kept_with_an_approval_can_be_checked_again_later(office: Office, tmp_path: Path) -> None:
    kept = tmp_path / "kept.sig"
    kept.write_text(office.verify(office.sign("hoa")).signature)
    assert office.verify(kept).login == "hoa"


def test_a_key_of_nobody_is_refused_by_its_fingerprint(office: Office) -> None:
    said = office.refused(office.sign("thief"))
    assert "a key of nobody in people.yml: SHA256:" in said


def test_somebody_whose_time_is_over_does_not_approve_from_the_next_day_on(office: Office) -> None:
    signed = office.sign("lan")
    assert office.verify(signed, today=date(2026, 12, 31)).person == "Lan"
    assert "Lan acted until 2026-12-31" in office.refused(signed, today=date(2027, 1, 1))


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"plan": "cd" * 32}, "for another plan"),
        ({"action": "recover inc-1-r2 edoc/clean-target"}, "for another action"),
        ({"site": "danang-9f8e7d"}, "for another site"),
        ({"what": "is spare-2 for edoc clean?"}, "for another wording"),
    ],
)
def test_a_signature_over_something_else_is_refused_by_what_it_is_over(
    office: Office, other: dict[str, str], named: str
) -> None:
    signed = office.sign("hoa", replace(REQUEST, **other))
    assert named in office.refused(signed)
    signed.with_suffix("").unlink()
    assert "over another text" in office.refused(signed)


def test_a_signature_made_for_another_purpose_is_refused(office: Office) -> None:
    assert "signed as 'git', not as 'holdfast-approval'" in office.refused(office.sign("hoa", namespace="git"))


def test_a_text_changed_after_it_was_signed_is_refused(office: Office) -> None:
    signed = office.sign("hoa", replace(REQUEST, what="restore one file"))
    signed.with_suffix("").write_bytes(REQUEST.text())
    assert "was changed after it was signed" in office.refused(signed)


def test_another_persons_key_written_into_a_signature_does_not_make_it_theirs(office: Office, tmp_path: Path) -> None:
    """The thief signs, and puts Hoa's public key in the place of their own."""
    import base64

    from inventory import keys

    text = signing.sign(office.folder / "thief", REQUEST).read_text()
    body = base64.b64decode("".join(text.splitlines()[1:-1]))
    theirs = keys.parse(signing.public(office.folder / "thief")).blob
    hers = keys.parse(signing.public(office.folder / "hoa")).blob
    forged = base64.b64encode(body.replace(theirs, hers)).decode()
    file = tmp_path / "forged.sig"
    file.write_text(f"-----BEGIN SSH SIGNATURE-----\n{forged}\n-----END SSH SIGNATURE-----\n")
    assert "is not Hoa's signature over this" in office.refused(file)


def test_a_signature_cut_short_changed_or_far_too_large_is_refused(office: Office, tmp_path: Path) -> None:
    whole = office.sign("hoa").read_bytes()
    body = whole.splitlines()
    for index, text in enumerate(
        [
            b"",
            b"\x00" * 50,
            whole[: len(whole) // 2],
            b"\n".join([body[0], *body[2:]]),
            b"\n".join([body[0], b"!!!!", *body[1:]]),
            body[0] + b"\n" + body[-1],
            whole + b" " * 70_000,
        ]
    ):
        file = tmp_path / f"{index}.sig"
        file.write_bytes(text)
        assert "is no signature" in office.refused(file), text[:60]
    letters = bytearray(whole)
    place = whole.rindex(b"\n-----END") - 20
    letters[place] = ord("A") if letters[place] != ord("A") else ord("B")
    (tmp_path / "flipped.sig").write_bytes(letters)
    assert office.refused(tmp_path / "flipped.sig")


def test_what_is_no_file_is_no_signature_and_keeps_nobody_waiting(office: Office, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.sig")
    for file in (tmp_path / "pipe.sig", tmp_path, Path("/dev/zero")):
        assert "cannot be read: it is no regular file" in office.refused(file)
    assert "cannot be read: No such file" in office.refused(tmp_path / "gone.sig")


def test_two_signatures_of_one_person_are_one_person_even_with_two_keys(office: Office) -> None:
    asked = people.who("minh", office.people)
    two = [office.verify(office.sign("hoa")), office.verify(office.sign("hoa2"))]
    with pytest.raises(ApprovalError, match="Hoa approved twice; that is one person"):
        approval.require(two, Rule(people=2), office.people, asked)
    approval.require([two[0], office.verify(office.sign("lan"))], Rule(people=2), office.people, asked)


def test_fewer_people_than_asked_are_refused_with_who_did(office: Office) -> None:
    hoa = office.verify(office.sign("hoa"))
    for given_by, words in (([], "1 person; approved: nobody"), ([hoa], "2 people; approved: Hoa")):
        rule = Rule(people=1 if not given_by else 2)
        with pytest.raises(ApprovalError, match=words):
            approval.require(given_by, rule, office.people, people.who("minh", office.people))


def test_a_person_without_the_role_cannot_approve(office: Office) -> None:
    minh = office.verify(office.sign("minh"))
    with pytest.raises(ApprovalError, match="Minh holds responder; approving this needs approver or head"):
        approval.require([minh], Rule(), office.people, people.who("hoa", office.people))


def test_who_asks_is_not_the_one_who_approves_where_another_is_wanted(office: Office) -> None:
    hoa, asker = office.verify(office.sign("hoa")), people.who("hoa", office.people)
    approval.require([hoa], Rule(), office.people, asker)
    with pytest.raises(ApprovalError, match="Hoa asks for this and cannot be the one who approves"):
        approval.require([hoa], Rule(another=True), office.people, asker)


def test_a_claim_counts_only_where_no_signature_is_wanted(office: Office) -> None:
    actor = people.who("hoa", office.people)
    claim = approval.claimed(actor, NOW)
    assert (claim.signed, claim.fingerprint, claim.words) == (False, "", "claimed by Hoa, unsigned")
    approval.require([claim], Rule(signed=False), office.people, actor)
    with pytest.raises(ApprovalError, match="Hoa only claims it"):
        approval.require([claim], Rule(), office.people, actor)
    stranger = people.who("stranger", office.people)
    with pytest.raises(ApprovalError, match="holds no role"):
        approval.require([approval.claimed(stranger, NOW)], Rule(signed=False), office.people, stranger)


@given(texts, texts, digests, texts)
def test_a_request_reads_back_as_the_same_bytes_and_is_four_lines_whatever_it_says(
    site: str, action: str, plan: str, what: str
) -> None:
    text = Request(site, action, plan, what).text()
    assert approval.read(text).text() == text
    assert len(text.decode().split("\n")) == 6
    assert text.decode().splitlines()[0] == "holdfast approval 1"


@given(st.binary(max_size=300))
def test_any_other_bytes_are_no_request(data: bytes) -> None:
    with pytest.raises(ApprovalError):
        approval.read(data)


@pytest.mark.parametrize("change", [b" ", b"\n", b"\r\n", b"\x0c", "\u202e".encode()])
def test_a_letter_more_makes_it_another_text_or_none(change: bytes) -> None:
    for place in range(len(REQUEST.text()) + 1):
        text = REQUEST.text()[:place] + change + REQUEST.text()[place:]
        try:
            assert approval.read(text).text() == text
        except ApprovalError as refused:
            assert "was changed" in refused.message


def test_a_plan_without_a_digest_cannot_be_asked_about() -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        replace(REQUEST, plan="soon")


def test_the_line_to_paste_is_the_one_that_signs(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "a text with spaces"
    file.write_bytes(REQUEST.text())
    line = approval.sign_command(file).replace("~/.ssh/id_ed25519", str(office.folder / "hoa"))
    subprocess.run(line, shell=True, check=True, capture_output=True)
    assert office.verify(file.with_name(file.name + ".sig")).person == "Hoa"
