"""Trusting hosts that are real: the right key, the wrong key, a host set up anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory import hostkeys, known_hosts, site
from inventory.errors import RefusedError
from inventory.reach import UnreachableError
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from playbooks import trust
from tests.lab.fixtures import MakeHost
from tests.lab.host import LabHost
from tests.lab.sites import write_site

SOMEBODY = "10.9.9.9 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJg1Pl2pqa3jCkoTYMw1iP5nsAFzbM2q5Krl2mRlKyEW\n# kept\n"


def at(root: Path, host: LabHost) -> site.Site:
    write_site(root, [host], trusted=False)
    (root / "known_hosts").write_text(SOMEBODY)
    return site.load(root)


@pytest.mark.lab
def test_a_trusted_host_is_let_in_by_ssh_and_a_host_set_up_anew_is_refused(
    tmp_path: Path, ledger: Ledger, lab_host: MakeHost
) -> None:
    real = lab_host("web")
    here = at(tmp_path / "site", real)
    web = here.host("web")
    found = trust.offer(here, web)
    assert found.judged.state == "new"
    assert {f"{real.address} {key.line}" for key in found.judged.offered} == set(
        real.known_hosts.read_text().splitlines()
    )
    trust.trust(here, ledger, found, "asked")
    text = (here.root / "known_hosts").read_text()
    assert text.startswith(SOMEBODY), "the lines of others stay"
    assert len(text.splitlines()) == 2 + len(found.judged.offered)
    real.known_hosts.write_text(text)
    assert real.ssh("true").returncode == 0
    (record,) = ledger.read(kinds=(trust.TRUSTED,))
    assert record.body["compared"] == "asked"
    assert trust.offer(here, web).judged.state == "known"

    real.reinstall()
    changed = trust.offer(here, web)
    assert changed.judged.state == "changed"
    assert not {key.fingerprint for key in changed.judged.offered} & {key.fingerprint for key in changed.judged.known}
    trust.trust(here, ledger, changed, "asked", "disk failed")
    record = list(ledger.read(kinds=(trust.TRUSTED,)))[-1]
    assert record.body["reason"] == "disk failed"
    assert set(record.body["replaced"]) == {key.fingerprint for key in found.judged.offered}
    assert trust.offer(here, web).judged.state == "known"
    assert (here.root / "known_hosts").read_text().startswith(SOMEBODY)


@pytest.mark.lab
def test_a_key_on_paper_is_held_against_what_the_host_shows_if_it_answers(tmp_path: Path, lab_host: MakeHost) -> None:
    real = lab_host("web")
    here = at(tmp_path / "site", real)
    web = here.host("web")
    brought = tmp_path / "usb.pub"
    brought.write_text(real.ssh("cat", "/etc/ssh/ssh_host_ed25519_key.pub").stdout)
    assert trust.offer(here, web, brought).source == "usb.pub, the host shows the same"
    right = real.ssh("ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[1]
    (chosen,) = trust.offer(here, web, None, [right]).judged.offered
    assert chosen.kind == "ssh-ed25519"
    with pytest.raises(RefusedError, match="nothing was written"):
        trust.offer(here, web, None, [right[:-4] + "AAAA"])
    brought.write_text(SOMEBODY)
    with pytest.raises(RefusedError, match="which is not in the file"):
        trust.offer(here, web, brought)
    real.power_cut()
    assert trust.offer(here, web, brought).source == "usb.pub, the host did not answer"
    with pytest.raises(UnreachableError, match="showed no host key"):
        trust.offer(here, web)
    assert (here.root / "known_hosts").read_text() == SOMEBODY


def a_site(tmp_path: Path) -> site.Site:
    root = tmp_path / "site"
    (root / "inventory").mkdir(parents=True)
    (root / "holdfast.yml").write_text("site: try\n")
    (root / "inventory" / "a.yml").write_text("a:\n  hosts:\n    web: {ansible_host: 127.0.0.1, ansible_port: 9}\n")
    return site.load(root)


def an_offer(here: site.Site, file: Path) -> trust.Offer:
    file.write_text(SOMEBODY)
    return trust.offer(here, here.host("web"), file)


def test_a_key_the_ledger_cannot_record_is_not_trusted(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = a_site(tmp_path)
    found = an_offer(here, tmp_path / "usb.pub")
    file = here.root / "known_hosts"
    file.write_text("# as it was\n")
    file.chmod(0o640)

    def full(*_: object, **__: object) -> None:
        raise LedgerError("the disk is full")

    monkeypatch.setattr(ledger, "append", full)
    with pytest.raises(LedgerError):
        trust.trust(here, ledger, found, "asked")
    assert file.read_text() == "# as it was\n"
    monkeypatch.undo()
    trust.trust(here, ledger, found, "asked")
    assert known_hosts.known(file.read_text(), "[127.0.0.1]:9") == list(hostkeys.read(SOMEBODY))
    assert file.stat().st_mode & 0o777 == 0o640
    assert trust.is_recorded(ledger, here.host("web"), found.judged.offered)
    assert trust.distrust(here, here.host("web")) == [found.judged.offered[0].fingerprint]
    assert file.read_text() == "# as it was\n"
    assert trust.distrust(here, here.host("web")) == []


def test_a_revoked_key_is_never_trusted(tmp_path: Path) -> None:
    here = a_site(tmp_path)
    key = SOMEBODY.split(" ", 1)[1].splitlines()[0]
    (here.root / "known_hosts").write_text(f"@revoked * {key}\n")
    with pytest.raises(RefusedError, match="calls revoked"):
        an_offer(here, tmp_path / "usb.pub")
