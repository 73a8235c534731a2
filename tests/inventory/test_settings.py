from __future__ import annotations

from pathlib import Path

import pytest

from inventory import settings
from inventory.lines import SiteError
from inventory.settings import CommandChannel, SmtpChannel

WHOLE = """
site: district
name: Xuân Sơn district
language: vi
timezone: Asia/Ho_Chi_Minh
inventories: [../old]
ledger: postgresql://holdfast@db.example:5432/holdfast
ledger_password_file: /etc/holdfast/ledger
elasticsearch:
  {url: "https://search.example:9200", other_nodes: ["https://s2.example"], ca_file: ca.pem, api_key_file: /etc/search}
notifications:
  duty: {command: [/usr/local/bin/page, --urgent]}
  mail: {smtp: mail.example, port: 587, from: h@example.vn, to: [duty@example.vn], user: h, password_command: [pass]}
vaults: {main: {path: vault}}
"""


def load(tmp_path: Path, text: str) -> settings.Settings:
    (tmp_path / "old").mkdir(exist_ok=True)
    (tmp_path / "site").mkdir(exist_ok=True)
    (tmp_path / "site" / "holdfast.yml").write_text(text)
    return settings.load(tmp_path / "site" / "holdfast.yml")


def test_everything_can_be_said(tmp_path: Path) -> None:
    read = load(tmp_path, WHOLE)
    assert (read.language, read.timezone, read.inventories) == ("vi", "Asia/Ho_Chi_Minh", ["../old"])
    assert read.ledger == "postgresql://holdfast@db.example:5432/holdfast"
    assert read.elasticsearch is not None
    assert read.elasticsearch.other_nodes == ["https://s2.example"]
    duty, mail = read.notifications["duty"], read.notifications["mail"]
    assert isinstance(duty, CommandChannel)
    assert duty.command == ["/usr/local/bin/page", "--urgent"]
    assert isinstance(mail, SmtpChannel)
    assert (mail.sender, mail.port, mail.to) == ("h@example.vn", 587, ["duty@example.vn"])


def test_little_must_be_said(tmp_path: Path) -> None:
    read = load(tmp_path, "site: x\n")
    assert (read.language, read.timezone, read.ledger, read.notifications) == ("en", "UTC", None, {})


LEDGER = "ledger: postgresql"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("language: fr", "language: must be 'en' or 'vi'"),
        ("timezone: Mars/Olympus", "timezone: 'Mars/Olympus' is no time zone"),
        ("inventories: [gone]", "inventories.0: no inventory at gone"),
        ("policies: [baselin]", "policies.0: no such policy pack (did you mean baseline?)"),
        (f"{LEDGER}://h:secret@db/holdfast", "ledger: holds a password; name it with ledger_password_file"),
        (f"{LEDGER}://h@db/holdfast?password=secret", "ledger: holds a password"),
        (f"{LEDGER}://h@db/", "ledger: must be like postgresql://"),
        ("ledger: mysql://h@db/x", "ledger: must be like postgresql://"),
        ("ledger_password_file: /x", "a password for the ledger needs the ledger's address"),
        (
            f"{LEDGER}://h@db/x\nledger_password_file: /x\nledger_password_command: [y]",
            "only one of ledger_password_file, ledger_password_command can say where the secret is",
        ),
        ("vaults: {a: {dir: x}}", "vaults.a: needs one of the keys path, rest"),
        ("vaults: {a: {rest: 'sftp://x'}}", "vaults.a.rest: 'sftp://x' is no address"),
        ("vaults: {a: {rest: 'https://u:p@x'}}", "vaults.a.rest: an address holds no name and no password"),
        ("vaults: {a: {rest: 'https://x/?a=b'}}", "vaults.a.rest: 'https://x/?a=b' has more than an address"),
        ("vaults: {a: {rest: 'https://x', user: h}}", "vaults.a: the user needs a password"),
        ("vaults: {a: {rest: 'https://x', password_file: /x}}", "vaults.a: a password needs a user"),
        ("elasticsearch: {url: ftp://x}", "elasticsearch.url: 'ftp://x' is no address"),
        ("elasticsearch: {url: 'https://x', other_nodes: [x]}", "elasticsearch.other_nodes.0: 'x' is no address"),
        ("elasticsearch: {url: 'https://u:p@x'}", "elasticsearch.url: an address holds no name and no password"),
        ("elasticsearch: {url: 'https://x', api_key: y}", "elasticsearch.api_key: unknown key (did you mean api_key_"),
        ("notifications: {a: {mail: x}}", "notifications.a: needs one of the keys command, smtp"),
        ("notifications: {a: {smtp: x, from: a@b}}", "notifications.a: to is missing"),
        ("notifications: {a: {smtp: x, sender: a@b, to: [c]}}", "notifications.a: from is missing"),
        (
            "notifications: {a: {smtp: x, from: a@b, to: [c], password_file: /x}}",
            "notifications.a: a password needs a user",
        ),
        ("notifications: {a: {command: []}}", "notifications.a.command: is empty"),
        ("vault: {main: {path: x}}", "vault: unknown key (did you mean vaults?)"),
    ],
)
def test_a_fault_is_told_with_its_key(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SiteError) as caught:
        load(tmp_path, f"site: x\n{text}\n")
    said = [str(problem).partition("holdfast.yml:")[2].partition(" ")[2] for problem in caught.value.problems]
    assert any(line.startswith(told) for line in said), said


def test_a_password_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SiteError) as caught:
        load(tmp_path, "site: x\nledger: postgresql://h:hunter2@db/holdfast\n")
    assert "hunter2" not in str(caught.value)
