"""The site of the made-up province, and the vault its systems' repositories lie in."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

from incident import runbook

SITE, STATE, VAULT = "site", "state", "vault"
VAULT_ID = "5f" * 16
DISKS = ("weekly-a", "weekly-b")

_SETTINGS = """\
site: bench-province
name: A made-up province
state: ../state
fetch_medium: 45m
vaults:
  main: {path: ../vault}
media:
  weekly:
    disks:
      weekly-a: {directory: ../shelf/weekly-a, attach: ../mnt/offline, custodian: Ms Lan, shelf: safe 2}
      weekly-b: {directory: ../shelf/weekly-b, attach: ../mnt/offline, custodian: Mr Minh, shelf: safe 3}
"""
_PEOPLE = "people: [{name: Lan, login: LOGIN, roles: [operator, responder, approver, security]}]\n"
_SYSTEM = """\
KEY:
  hosts:
    KEY-db: {ansible_host: 10.NET.1, ansible_user: holdfast}
    KEY-web: {ansible_host: 10.NET.2, ansible_user: holdfast}
  vars:
    system:
      name: Made-up information system KEY
      unit: Department UNIT
      level: LEVEL
      rto: RTO
      rpo: 24h
      depends_on: [NEEDS]
      data:
        - {files: [/srv/KEY/files], host: KEY-web}
        - {sqlite: /srv/KEY/KEY.db, host: KEY-db}
      copies: [{vault: main, every: 6h}, {media: weekly, every: 7d}]
      logs: [{host: KEY-web, file: /var/log/KEY/access.log, format: jsonl}]
      runbook: RUNBOOK
      start: [systemctl, start, KEY]
      normal_when:
        - {http: "http://KEY-web/health", status: 200}
        - {sql: /srv/KEY/KEY.db, host: KEY-db, query: select count(*) from dossier, at_least: 1}
      canary: {sql: /srv/KEY/KEY.db, host: KEY-db, query: select max(at) from dossier}
"""


def keys(count: int) -> list[str]:
    """Return the systems' keys."""
    return [f"s{number:03}" for number in range(count)]


def make(root: Path, systems: int, login: str, chance: random.Random) -> None:
    """Write a site and an (otherwise empty) repository per system."""
    (root / SITE / "inventory").mkdir(parents=True)
    (root / STATE).mkdir(mode=0o700)
    (root / SITE / "holdfast.yml").write_text(_SETTINGS)
    (root / SITE / "people.yml").write_text(_PEOPLE.replace("LOGIN", login))
    names = sorted(runbook.load().runbooks)
    for number, key in enumerate(keys(systems)):
        level = chance.choice((1, 2, 2, 3, 3, 3))
        needs = chance.sample(keys(number)[:20], min(number, chance.choice((0, 1, 1, 2))))
        values = {"LEVEL": str(level), "NEEDS": ", ".join(sorted(needs)), "UNIT": str(number % 17)}
        values |= {"RTO": "24h" if number >= 20 else "4h", "RUNBOOK": chance.choice(names)}
        text = _SYSTEM.replace("KEY", key).replace("NET", f"{number // 250}.{number % 250}")
        for name, value in values.items():
            text = text.replace(name, value)
        (root / SITE / "inventory" / f"{key}.yml").write_text(text)
    (root / VAULT).mkdir()
    (root / VAULT / "holdfast-vault.json").write_text(
        json.dumps({"vault": "main", "id": VAULT_ID, "site": "bench-province"})
    )
    for key in keys(systems):
        (root / VAULT / key).mkdir()
        (root / VAULT / key / "config").write_bytes(config(key))


def config(key: str) -> bytes:
    """Return what a repository's config file holds."""
    return hashlib.sha512(key.encode()).digest() * 3


def digest(key: str) -> str:
    """Return the identity of a system's repository."""
    return hashlib.sha256(config(key)).hexdigest()
