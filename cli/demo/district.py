"""A small district: three services, their hosts, their site. Everything lies below one directory."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.demo import signing
from cli.demo.services import documents, exchange, signon
from inventory import people
from inventory.errors import HoldfastError, RefusedError

MARK = ".holdfast-demo"
MEDIUM = "weekly-a"
OFFICES = ["tax", "land", "police", "civil-status"]
ACCOUNTS = {
    "anna.le": "Lotus-rain-42",
    "minh.tran": "Harbour7!old",
    "hoa.pham": "green-Bamboo-19",
    "registry": "Stamp&Seal-2026",
    "duc.vo": "River_bend_88",
}
VICTIM = "minh.tran"
DOCUMENTS, DOCUMENT_BYTES, MESSAGES = 400, 120_000, 20_000


@dataclass(frozen=True)
class Service:
    """One of the three: its module, its host, and what its system block says."""

    module: str
    host: str
    title: str
    system: Mapping[str, Any]


SERVICES: Mapping[str, Service] = {
    "sso": Service(
        "signon",
        "signon-1",
        "Single sign-on",
        {"level": 3, "rto": "4h", "rpo": "6h", "realistic_size_gb": 20, "runbook": "identity"},
    ),
    "edoc": Service(
        "documents",
        "documents-1",
        "Document management",
        {"level": 3, "rto": "8h", "rpo": "6h", "realistic_size_gb": 200, "runbook": "document-service"},
    ),
    "lgsp": Service(
        "exchange",
        "exchange-1",
        "Data exchange",
        {"level": 3, "rto": "4h", "rpo": "6h", "realistic_size_gb": 60, "runbook": "platform"},
    ),
}
_NEWEST = {
    "sso": "SELECT max(at) FROM session",
    "edoc": "SELECT max(at) FROM document",
    "lgsp": "SELECT max(at) FROM message",
}
_COUNTED = {
    "sso": "SELECT count(*) FROM account",
    "edoc": "SELECT count(*) FROM document",
    "lgsp": "SELECT count(*) FROM message",
}
_LOGS = {"sso": "auth.log", "edoc": "documents.jsonl", "lgsp": "exchange.jsonl"}

_SSHD = """# as the installer left it
PermitRootLogin yes
PasswordAuthentication yes
PermitEmptyPasswords yes
X11Forwarding yes
MaxAuthTries 10
LoginGraceTime 300
ClientAliveInterval 0
"""


@dataclass(frozen=True)
class District:
    """Where the demo's district lies and on which ports its services answer."""

    home: Path
    ports: Mapping[str, int]

    @property
    def hosts(self) -> Path:
        """Return the folder of host directories."""
        return self.home / "hosts"

    @property
    def site(self) -> Path:
        """Return the site's directory."""
        return self.home / "site"

    def url(self, key: str) -> str:
        """Return where a service answers."""
        return f"http://127.0.0.1:{self.ports[key]}"

    def urls(self) -> dict[str, str]:
        """Return where every service answers."""
        return {key: self.url(key) for key in SERVICES}


def claim(home: Path) -> Path:
    """Make `home` ours and empty; what an earlier demo left there is removed.

    Raises:
        RefusedError: it holds something that is not a demo's.
        HoldfastError: it cannot be made, emptied or written to.
    """
    home = home.resolve()
    try:
        if home.exists() and any(home.iterdir()):
            if not (home / MARK).is_file():
                raise RefusedError(f"{home} is not empty and not a demo's", hint="choose another with --dir")
            _remove(home)
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (home / MARK).write_text("made by `holdfast demo`; removed by its next run\n")
    except OSError as error:
        raise HoldfastError(
            f"the demo cannot use {home}: {error.strerror}", hint="name a folder you can write to with --dir"
        ) from error
    return home


def build(home: Path) -> District:
    """Make hosts with their services' data, the site, and the folders for vault and media."""
    district = District(home, _free_ports(list(SERVICES)))
    for service in SERVICES.values():
        install(district.hosts / service.host)
    signon.create(district.hosts / "signon-1", ACCOUNTS)
    documents.create(district.hosts / "documents-1", DOCUMENTS, DOCUMENT_BYTES, seed=7)
    exchange.create(district.hosts / "exchange-1", OFFICES, MESSAGES)
    (home / "mnt").mkdir()
    (home / "vault").mkdir(mode=0o700)
    (home / "run").mkdir()
    _write_site(district)
    _settings(district)
    return district


def install(root: Path) -> None:
    """Make a host as the installer leaves it: a file tree with weak settings, and nothing of a service."""
    etc = root / "etc"
    (etc / "ssh").mkdir(parents=True)
    (root / "var" / "log").mkdir(parents=True)
    files = {
        "ssh/sshd_config": (_SSHD, 0o666),
        "passwd": ("root:x:0:0:root:/root:/bin/bash\nclerk:x:1000:1000::/home/clerk:/bin/bash\n", 0o666),
        "shadow": ("root:!:20000:0:99999:7:::\nclerk:!:20000:0:99999:7:::\n", 0o644),
        "group": ("root:x:0:\nclerk:x:1000:\n", 0o666),
        "gshadow": ("root:*::\nclerk:!::\n", 0o644),
        "login.defs": (
            "PASS_MAX_DAYS 99999\nPASS_MIN_DAYS 0\nPASS_WARN_AGE 7\nUMASK 022\nENCRYPT_METHOD SHA512\n",
            0o644,
        ),
    }
    for name, (content, mode) in files.items():
        (etc / name).write_text(content)
        (etc / name).chmod(mode)


def reinstall(district: District, host: str) -> Path:
    """Put a host's attacked file tree aside as evidence and install it anew; return where the evidence lies."""
    evidence = district.home / "evidence" / host
    evidence.parent.mkdir(exist_ok=True)
    (district.hosts / host).rename(evidence)
    install(district.hosts / host)
    return evidence


def attack_settings(district: District, linger: float) -> Path:
    """Write what the attacker knows to a file: addresses, paths it can write to, one password list entry."""
    settings = {
        "home": str(district.home),
        "urls": district.urls(),
        "ports": dict(district.ports),
        "hosts": {key: str(district.hosts / service.host) for key, service in SERVICES.items()},
        "login": VICTIM,
        "password": ACCOUNTS[VICTIM],
        "linger": linger,
    }
    file = district.home / "run" / "attack.json"
    file.write_text(json.dumps(settings))
    return file


def _settings(district: District) -> None:
    file = district.home / "run" / "clients.json"
    file.write_text(json.dumps({"urls": district.urls(), "accounts": ACCOUNTS, "careful": VICTIM}))
    file.chmod(0o600)


def _write_site(district: District) -> None:
    inventory = district.site / "inventory"
    inventory.mkdir(parents=True)
    login = people.current_login()
    settings = {
        "site": "demo-district",
        "name": "Demo district",
        "timezone": "Asia/Ho_Chi_Minh",
        "policies": ["baseline"],
        "state": "../state",
        "vaults": {"main": {"path": "../vault"}},
        "media": {
            "offline-weekly": {
                "disks": {
                    MEDIUM: {
                        "directory": f"../shelf/{MEDIUM}",
                        "attach": "../mnt/offline",
                        "custodian": "registry office",
                        "shelf": "safe 2, shelf 1",
                    }
                }
            }
        },
        "fetch_medium": "30m",
    }
    roles = ["security", "operator", "responder", "approver"]
    key = signing.make_key(district.home)
    me = {"name": "Whoever runs the demo", "login": login, "roles": roles, "key": key}
    _yaml(district.site / "holdfast.yml", settings)
    _yaml(district.site / "people.yml", {"people": [me]})
    for key, service in SERVICES.items():
        _yaml(inventory / f"{key}.yml", {key: _group(district, key, service)})


def _group(district: District, key: str, service: Service) -> dict[str, Any]:
    host = service.host
    control = [sys.executable, "-P", "-m", "cli.demo.control"]
    home, database = f"/srv/{key}", f"/srv/{key}/{key}.db"
    health = {"http": f"{district.url(key)}/health", "status": 200, "contains": '"ok"'}
    system = {
        "name": service.title,
        "unit": "District office",
        "accountable": "Head of the district office",
        **service.system,
        "depends_on": [] if key == "sso" else ["sso"],
        "data": [{"files": [f"{home}/files"], "host": host}, {"sqlite": database, "host": host}],
        "copies": [{"vault": "main", "every": "6h"}, {"media": "offline-weekly", "every": "7d"}],
        "logs": [{"host": host, "file": f"/var/log/{_LOGS[key]}"}, {"host": host, "file": "/var/log/journal.jsonl"}],
        "start": [*control, "start", key, "--on", "{target:" + host + "}", "--home", str(district.home)],
        "stop": [*control, "stop", key, "--on", "{target:" + host + "}", "--home", str(district.home)],
        "normal_when": [
            health,
            {"sql": database, "host": host, "query": _COUNTED[key], "at_least": 1},
        ],
        "canary": {"sql": database, "host": host, "query": _NEWEST[key]},
    }
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "holdfast_root": str(district.hosts / host),
        "ssh_password_authentication": "no",
    }
    return {"hosts": {host: variables}, "vars": {"system": system}}


def _yaml(file: Path, value: dict[str, Any]) -> None:
    import yaml

    file.write_text(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def _free_ports(names: list[str]) -> dict[str, int]:
    sockets = [socket.socket() for _ in names]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return {name: each.getsockname()[1] for name, each in zip(names, sockets, strict=True)}
    finally:
        for each in sockets:
            each.close()


def _remove(home: Path) -> None:
    """Remove a demo's directory, folders made unreadable on purpose included."""
    for folder, names, _ in os.walk(home):
        for name in names:
            inner = Path(folder) / name
            if not inner.is_symlink():
                inner.chmod(0o700)
    shutil.rmtree(home)
