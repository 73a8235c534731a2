"""Handing a notice to a channel: a program that reads it, or a mail server. Says so only when it was taken."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from inventory import reach, secret
from inventory.command import Command
from inventory.errors import HoldfastError
from inventory.settings import CommandChannel, SmtpChannel
from inventory.site import Site

_COMMAND_SECONDS, _MAIL_SECONDS = 60.0, 30.0
_MAIL_OVER_TLS = 465
_TRY = "try: holdfast watch test-notify {}"
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


class NotSentError(HoldfastError):
    """A channel did not take a notice (exit 3)."""


def send(site: Site, name: str, content: Mapping[str, Any]) -> None:
    """Hand a notice (`subject`, `text`) to a channel of holdfast.yml.

    Raises:
        NotSentError: there is no such channel, or it did not take it.
        SecretError: the channel's password cannot be read.
    """
    channel = site.settings.notifications.get(name)
    subject, text = _line(str(content.get("subject", "Holdfast"))), str(content.get("text", ""))
    match channel:
        case CommandChannel():
            _by_command(name, channel, subject, text)
        case SmtpChannel():
            _by_mail(site, name, channel, subject, text)
        case None:
            known = ", ".join(site.settings.notifications) or "none"
            raise NotSentError(f"there is no channel {name!r} in holdfast.yml", hint=f"channels: {known}")


def secure(channel: SmtpChannel) -> bool:
    """Tell whether the mail must go over an encrypted connection: always, but to this machine itself."""
    return channel.smtp not in _THIS_MACHINE


def _by_command(name: str, channel: CommandChannel, subject: str, text: str) -> None:
    """Give the program the subject on the first line, an empty line, and the text."""
    command = Command(tuple(channel.command), stdin=f"{subject}\n\n{text}".encode(), limit=_COMMAND_SECONDS)
    try:
        outcome = reach.run(command)
    except HoldfastError as error:
        raise NotSentError(f"channel {name}: {error.message}", hint=_TRY.format(name)) from error
    if outcome.exit_code != 0:
        said = (outcome.stderr.strip() or outcome.stdout.strip() or "no reason given").splitlines()[-1]
        raise NotSentError(
            f"channel {name}: {channel.command[0]} ended with {outcome.exit_code}: {said[:200]}",
            hint=_TRY.format(name),
        )


def _by_mail(site: Site, name: str, channel: SmtpChannel, subject: str, text: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = channel.sender, ", ".join(channel.to), subject
    message["Date"], message["Message-ID"] = formatdate(localtime=True), make_msgid("holdfast")
    message.set_content(text)
    try:
        with _connected(channel) as server:
            if channel.user:
                server.login(channel.user, _password(site, name, channel))
            refused = server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSentError(
            f"channel {name}: {channel.smtp}:{channel.port} did not take the mail: {_reason(error)}",
            hint=_TRY.format(name),
        ) from error
    if refused:
        raise NotSentError(f"channel {name}: refused for {', '.join(refused)}", hint="mend `to:` in holdfast.yml")


def _connected(channel: SmtpChannel) -> smtplib.SMTP:
    """Connect; to any other machine the connection is encrypted and the server proved, or there is none."""
    context = ssl.create_default_context()
    if channel.port == _MAIL_OVER_TLS:
        return smtplib.SMTP_SSL(channel.smtp, channel.port, timeout=_MAIL_SECONDS, context=context)
    server = smtplib.SMTP(channel.smtp, channel.port, timeout=_MAIL_SECONDS)
    if secure(channel):
        server.starttls(context=context)
    return server


def _password(site: Site, name: str, channel: SmtpChannel) -> str:
    file = channel.password_file
    return secret.read(
        f"the password of channel {name}",
        file=site.resolve(file) if file else None,
        command=channel.password_command,
        credential=channel.password_credential,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"[:200]
    return (str(error) or type(error).__name__)[:200]


def _line(text: str) -> str:
    """Make a subject one line: whatever it quotes may hold line breaks, which would begin a new header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:200]
