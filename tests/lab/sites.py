"""A site whose hosts are lab hosts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from inventory import people
from tests.lab.host import LabHost

ROLES = "[viewer, security, operator, responder, approver]"


def write_site(root: Path, hosts: Sequence[LabHost], *, user: str = "ops", trusted: bool = True) -> Path:
    """Write a site with one system on these hosts; whoever runs the test holds every role in it.

    Its state lies beside it. The hosts are reached as `user` with the lab's key; with `trusted` their keys are known.
    """
    (root / "inventory").mkdir(parents=True)
    (root / "holdfast.yml").write_text("site: lab\nname: The lab\nstate: ../state\n")
    person = f"{{name: Whoever made the lab, login: {people.current_login()}, roles: {ROLES}}}"
    (root / "people.yml").write_text(f"people:\n  - {person}\n")
    if trusted:
        (root / "known_hosts").write_text("".join(host.known_hosts.read_text() for host in hosts))
    lines = ["lab:", "  hosts:"]
    for host in hosts:
        lines += [f"    {host.name}:", f"      ansible_host: {host.address}", f"      ansible_user: {user}"]
        lines += [f"      ansible_ssh_private_key_file: {host.key}"]
    lines += ["  vars:", "    system:", "      name: The lab's hosts", "      level: 3"]
    (root / "inventory" / "lab.yml").write_text("\n".join(lines) + "\n")
    return root
