"""Damage done to repositories on purpose."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from backup.restic_command import Repository


def spoil_a_pack(repository: Path) -> None:
    """Flip one bit in the largest data file, whatever lies there."""
    packs = [path for path in (repository / "data").rglob("*") if path.is_file()]
    largest = max(packs, key=lambda path: path.stat().st_size)
    _flip(largest, [largest.stat().st_size // 3])


def spoil_data(restic: str, repository: Repository) -> None:
    """Flip one bit in the content of a file of the newest snapshot; its lists and its manifest stay whole."""
    _spoil_file(restic, repository, "document 1 [draft]*.txt")


def spoil_manifest(restic: str, repository: Repository) -> None:
    """Flip one bit in the manifest of the newest snapshot; everything else stays whole."""
    _spoil_file(restic, repository, "holdfast-manifest.json")


def spoil_every_pack(repository: Path) -> None:
    """Flip a bit in each hundred bytes of every data file."""
    for pack in (path for path in (repository / "data").rglob("*") if path.is_file()):
        _flip(pack, range(0, pack.stat().st_size, 100))


def _spoil_file(restic: str, repository: Repository, name: str) -> None:
    """Flip a bit inside the first blob of a file, which restic's own lists locate."""
    blob = _blob_of(restic, repository, name)
    for index in sorted((Path(repository.location) / "index").iterdir()):
        for pack in json.loads(_ask(restic, repository, "cat", "index", index.name))["packs"]:
            for found in pack["blobs"]:
                if found["id"] == blob:
                    middle = found["offset"] + found["length"] // 2
                    _flip(Path(repository.location) / "data" / pack["id"][:2] / pack["id"], [middle])
                    return
    raise AssertionError(f"no index names the blob of {name}")


def _blob_of(restic: str, repository: Repository, name: str) -> str:
    snapshot = json.loads(_ask(restic, repository, "snapshots", "--json"))[-1]
    trees = [json.loads(_ask(restic, repository, "cat", "snapshot", snapshot["id"]))["tree"]]
    while trees:
        for node in json.loads(_ask(restic, repository, "cat", "blob", trees.pop()))["nodes"]:
            if node["name"] == name:
                return str(node["content"][0])
            if "subtree" in node:
                trees.append(node["subtree"])
    raise AssertionError(f"no file {name}")


def _ask(restic: str, repository: Repository, *words: str) -> str:
    environment = {**os.environ, "RESTIC_PASSWORD": repository.password.decode()}
    command = [restic, "-r", repository.location, "--no-lock", "--no-cache", "-q", *words]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def _flip(file: Path, places: range | list[int]) -> None:
    content = bytearray(file.read_bytes())
    for place in places:
        content[place] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
