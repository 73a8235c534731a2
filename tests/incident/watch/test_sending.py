from __future__ import annotations

from email import message_from_bytes, message_from_string
from email.policy import default
from pathlib import Path

import pytest

from incident.watch import sending
from incident.watch.sending import NotSentError
from inventory.errors import HoldfastError
from inventory.people import People
from inventory.settings import Settings
from inventory.site import Site
from tests.incident.watch.mail import MailServer, certificate

NOTICE = {"subject": "inc-1: Acknowledge has 20m left", "text": "Hệ thống tài liệu\n.\nNext: holdfast incident show\n"}
ELSEWHERE = "127.0.0.2"  # another machine, as far as a channel can tell


def site(root: Path, **channel: object) -> Site:
    settings = Settings.model_validate({"site": "try", "notifications": {"duty": channel}})
    return Site(root, settings, {}, {}, {}, People())


def by_mail(root: Path, server: MailServer, address: str = "127.0.0.1", **more: object) -> Site:
    return site(
        root, smtp=address, port=server.port, **{"from": "holdfast@example.org", "to": ["duty@example.org"]}, **more
    )


def test_a_program_is_given_the_notice_on_its_input(tmp_path: Path) -> None:
    sending.send(site(tmp_path, command=["sh", "-c", f"cat >{tmp_path}/got"]), "duty", NOTICE)
    assert (tmp_path / "got").read_text() == f"{NOTICE['subject']}\n\n{NOTICE['text']}"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["sh", "-c", "echo no modem >&2; exit 2"], "ended with 2: no modem"),
        (["/there/is/no/such/program"], "not installed"),
        (["sleep", "600"], "longer than"),
    ],
)
def test_a_program_that_does_not_take_it_is_named_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], words: str
) -> None:
    monkeypatch.setattr(sending, "_COMMAND_SECONDS", 0.5)
    with pytest.raises(NotSentError, match=words):
        sending.send(site(tmp_path, command=command), "duty", NOTICE)


def test_a_channel_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotSentError, match="no channel 'sms'"):
        sending.send(site(tmp_path, command=["cat"]), "sms", NOTICE)


def test_a_mail_arrives_whole_in_any_language(tmp_path: Path) -> None:
    with MailServer() as server:
        sending.send(by_mail(tmp_path, server), "duty", NOTICE)
    [taken] = server.taken
    message = message_from_bytes(taken.encode(), policy=default)
    assert (message["To"], message["Subject"]) == ("duty@example.org", NOTICE["subject"])
    assert message.get_content() == NOTICE["text"]


def test_a_subject_with_line_breaks_begins_no_header(tmp_path: Path) -> None:
    with MailServer() as server:
        sending.send(by_mail(tmp_path, server), "duty", {"subject": "x\r\nBcc: all@example.org\n\x1b[31m", "text": ""})
    message = message_from_string(server.taken[0])
    assert message["Bcc"] is None
    assert message["Subject"] == "x Bcc: all@example.org [31m"


def test_a_mail_that_is_refused_is_not_called_sent(tmp_path: Path) -> None:
    with MailServer(refuse=True) as server, pytest.raises(NotSentError, match=r"duty@example\.org"):
        sending.send(by_mail(tmp_path, server), "duty", NOTICE)
    assert server.taken == []


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with MailServer() as server:
        gone = by_mail(tmp_path, server)
    with pytest.raises(NotSentError, match=r"127\.0\.0\.1:\d+ did not take the mail"):
        sending.send(gone, "duty", NOTICE)


def password(root: Path, text: str) -> dict[str, str]:
    (root / "password").write_text(text + "\n")
    (root / "password").chmod(0o600)
    return {"user": "holdfast", "password_file": "password"}


def test_a_password_is_read_where_it_lies_and_never_told(tmp_path: Path) -> None:
    with MailServer() as server:
        sending.send(by_mail(tmp_path, server, **password(tmp_path, "right")), "duty", NOTICE)
        assert server.logins == [("holdfast", "right")]
        with pytest.raises(NotSentError) as told:
            sending.send(by_mail(tmp_path, server, **password(tmp_path, "s3cret-and-wrong")), "duty", NOTICE)
    assert "535" in told.value.message
    assert "s3cret" not in f"{told.value.message} {told.value.hint}"


def test_a_password_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    with MailServer() as server:
        channel = by_mail(tmp_path, server, **password(tmp_path, "right"))
        (tmp_path / "password").chmod(0o644)
        with pytest.raises(HoldfastError, match="others may read"):
            sending.send(channel, "duty", NOTICE)
    assert server.taken == []


def test_to_another_machine_nothing_goes_in_the_clear(tmp_path: Path) -> None:
    with MailServer(ELSEWHERE) as server, pytest.raises(NotSentError):
        sending.send(by_mail(tmp_path, server, ELSEWHERE, **password(tmp_path, "right")), "duty", NOTICE)
    assert (server.taken, server.logins) == ([], [])


def test_to_another_machine_nothing_goes_to_a_server_that_proves_nothing(tmp_path: Path) -> None:
    with MailServer(ELSEWHERE, certificate(tmp_path, ELSEWHERE)) as server, pytest.raises(NotSentError):
        sending.send(by_mail(tmp_path, server, ELSEWHERE, **password(tmp_path, "right")), "duty", NOTICE)
    assert (server.taken, server.logins) == ([], [])


def test_to_another_machine_that_proves_itself_the_mail_goes_encrypted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = certificate(tmp_path, ELSEWHERE)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with MailServer(ELSEWHERE, file) as server:
        sending.send(by_mail(tmp_path, server, ELSEWHERE, **password(tmp_path, "right")), "duty", NOTICE)
    assert (len(server.taken), server.encrypted, server.logins) == (1, [True], [("holdfast", "right")])
