"""Elasticsearch's own distribution for integration tests: fetched once, its hash checked, kept outside the checkout.

It is the real server with few modules, from Maven's central repository by way of whatever this machine's Maven is set
up to use. It is run by the tests and never shipped.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

VERSION = "8.19.8"
SHA256 = "8d943e94cef02cbceb6e39cd00175bb04e5f882fa32783a473880b8691a54376"
PACKAGES = ("default-jre-headless", "maven")
_ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
_OLDEST_JAVA = 17
_FETCH_SECONDS = 900


class ElasticError(Exception):
    """Elasticsearch cannot be had or started on this machine, with the reason."""


def missing(environment: Mapping[str, str]) -> str:
    """Say in one line what this machine lacks to run the server; empty: nothing."""
    install = f"sudo apt-get install {' '.join(PACKAGES)}"
    if java_home(environment) is None:
        return f"Elasticsearch needs Java {_OLDEST_JAVA} or newer: {install}"
    if not _archive(environment).exists() and shutil.which("mvn") is None:
        return f"Elasticsearch was not fetched yet, and that needs Maven: {install}"
    return ""


def java_home(environment: Mapping[str, str]) -> Path | None:
    """Return the Java to run it with: ES_JAVA_HOME, JAVA_HOME, or the one on the path; None: none is new enough."""
    named = (environment.get(name) for name in ("ES_JAVA_HOME", "JAVA_HOME"))
    places = [f"{home}/bin/java" for home in named if home]
    for place in (*places, shutil.which("java")):
        if place and os.access(place, os.X_OK):
            said = subprocess.run([place, "-version"], capture_output=True, text=True, check=False).stderr
            version = re.search(r'version "(\d+)', said)
            if version is not None and int(version[1]) >= _OLDEST_JAVA:
                return Path(place).resolve().parent.parent
    return None


def fetch(environment: Mapping[str, str]) -> Path:
    """Return the archive, fetched now if the cache has none (98 MB).

    Raises:
        ElasticError: it cannot be fetched, or is not the one whose hash is written here.
    """
    archive = _archive(environment)
    if archive.exists():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix="partial-") as work:
        _run_maven(Path(work))
        found = next(Path(work).rglob(f"elasticsearch-{VERSION}.zip"), None)
        if found is None:
            raise ElasticError("Maven ended well and left no archive")
        with found.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != SHA256:
            raise ElasticError(f"what Maven fetched is not Elasticsearch {VERSION}: its SHA-256 is {digest}")
        found.rename(archive)
    return archive


def unpack(archive: Path, directory: Path) -> Path:
    """Unpack the archive and return the server's directory, which any user may read."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(directory)
    home = directory / f"elasticsearch-{VERSION}"
    for program in (home / "bin").iterdir():
        program.chmod(0o755)
    return home


def _archive(environment: Mapping[str, str]) -> Path:
    """Return where the archive is kept: HOLDFAST_ELASTICSEARCH_CACHE, else the user's cache directory."""
    named = environment.get("HOLDFAST_ELASTICSEARCH_CACHE")
    base = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME", "/root")) / ".cache")
    return (Path(named) if named else Path(base) / "holdfast-elasticsearch") / f"{SHA256[:16]}.zip"


def _run_maven(repository: Path) -> None:
    """Have Maven fetch into a repository of its own, so that the user's is neither trusted nor filled."""
    options = ["--batch-mode", "--quiet", f"-Dmaven.repo.local={repository}", "-Dtransitive=false"]
    try:
        done = subprocess.run(
            ["mvn", *options, "dependency:get", f"-Dartifact={_ARTIFACT}"],
            cwd=repository,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ElasticError(f"Maven could not fetch Elasticsearch: {error}") from error
    if done.returncode != 0:
        said = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")] or ["it said nothing"]
        raise ElasticError(f"Maven could not fetch Elasticsearch {VERSION}: {said[0][:300]}")
