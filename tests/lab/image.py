"""The images lab hosts start from: made once with mmdebstrap, kept compressed in a cache outside the checkout."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SUITE = "bookworm"
_PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "libpam-modules", "libpam-systemd", "passwd", "openssh-server", "sudo"),
    *("python3", "python3-apt", "iproute2", "iputils-ping", "procps", "kmod", "nftables", "cron", "less"),
    *("ca-certificates", "linux-base"),
)
_LEFT_OUT = ("doc", "info", "locale", "man")


class LabError(Exception):
    """The lab cannot be made on this machine, with the reason."""


@dataclass(frozen=True)
class Mirror:
    """Where this machine's own apt gets Debian from; `keyring` may be empty (apt's own trusted keys)."""

    uri: str
    keyring: str = ""


@dataclass(frozen=True)
class Image:
    """A Debian with the packages every lab host has, and some more."""

    packages: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return a name that changes with everything that goes into the image."""
        recipe = (HERE / "base.sh").read_bytes() + repr((_PACKAGES, _LEFT_OUT, self.packages)).encode()
        return "-".join((SUITE, *self.packages, hashlib.sha256(recipe).hexdigest()[:12]))

    def archive(self) -> Path:
        """Return the compressed image, made now if the cache has none (about half a minute; needs the network)."""
        cache = cache_directory(os.environ)
        cache.mkdir(parents=True, exist_ok=True)
        archive = cache / f"{self.name}.tar.zst"
        if not archive.exists():
            partial = cache / f"partial-{os.getpid()}.tar.zst"
            try:
                self._make(partial)
                partial.rename(archive)
            finally:
                partial.unlink(missing_ok=True)
        return archive

    def unpack(self, directory: Path) -> None:
        """Have the image's files in a directory; a half-unpacked one of an earlier run is never used."""
        if directory.exists():
            return
        partial = directory.with_name(f"partial-{directory.name}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        run(
            "tar",
            "--extract",
            "--zstd",
            "--numeric-owner",
            "--xattrs-include=*",
            f"--file={self.archive()}",
            cwd=partial,
        )
        partial.rename(directory)

    def _make(self, target: Path) -> None:
        mirror = find_mirror(Path("/etc/apt"), _codename())
        keyring = [f"--keyring={mirror.keyring}"] if mirror.keyring else []
        left_out = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT]
        hook = f'--customize-hook=sh {shlex.quote(str(HERE / "base.sh"))} "$1"'
        include = f"--include={','.join((*_PACKAGES, *self.packages))}"
        run("mmdebstrap", "--quiet", "--variant=minbase", *keyring, *left_out, include, hook, SUITE, target, mirror.uri)


def run(*argv: str | Path, cwd: Path | None = None) -> str:
    """Run a program of this machine and return its output.

    Raises:
        LabError: it failed; what it said last is in the message.
    """
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    env = {"PATH": path, "HOME": os.environ.get("HOME", "/root"), "LC_ALL": "C.UTF-8"} | _proxies()
    done = subprocess.run([*map(str, argv)], cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = "; ".join(done.stderr.strip().splitlines()[-3:]) or "it said nothing"
        raise LabError(f"{argv[0]} failed ({done.returncode}): {said}")
    return done.stdout


def _proxies() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if name.lower() in {"http_proxy", "https_proxy", "no_proxy"}
    }


def cache_directory(environment: Mapping[str, str]) -> Path:
    """Return where images are kept: HOLDFAST_LAB_CACHE, else the user's cache directory."""
    if named := environment.get("HOLDFAST_LAB_CACHE"):
        return Path(named)
    base = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME", "/root")) / ".cache")
    return Path(base) / "holdfast-lab"


def find_mirror(apt: Path, codename: str) -> Mirror:
    """Return the mirror of this machine's own apt sources: the one that carries the machine's release itself.

    Raises:
        LabError: there is none.
    """
    for file in (*sorted((apt / "sources.list.d").glob("*")), apt / "sources.list"):
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        found = _stanzas(text) if file.suffix == ".sources" else _lines(text) if file.suffix == ".list" else []
        for mirror, suites in found:
            if codename in suites:
                return mirror
    raise LabError(
        f"no apt source for {codename} was found below {apt}; the lab makes its image from this machine's own"
    )


def _stanzas(text: str) -> Iterator[tuple[Mirror, list[str]]]:
    for stanza in text.split("\n\n"):
        fields: dict[str, str] = {}
        for line in stanza.splitlines():
            name, colon, value = line.partition(":")
            if colon and not line.startswith(("#", " ", "\t")):
                fields[name.strip().lower()] = value.strip()
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no" and fields.get("uris"):
            keyring = fields.get("signed-by", "")
            yield (
                Mirror(fields["uris"].split()[0], keyring if keyring.startswith("/") else ""),
                fields["suites"].split(),
            )


def _lines(text: str) -> Iterator[tuple[Mirror, list[str]]]:
    for line in text.splitlines():
        kind, _, rest = line.strip().partition(" ")
        if kind != "deb":
            continue
        options, bracket, after = rest.strip().removeprefix("[").partition("]") if "[" in rest else ("", "", rest)
        words = (after if bracket else rest).split()
        keyring = next((word.partition("=")[2] for word in options.split() if word.startswith("signed-by=/")), "")
        if len(words) >= 2:
            yield Mirror(words[0], keyring), [words[1]]


def _codename() -> str:
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    return next((line.partition("=")[2].strip('"') for line in lines if line.startswith("VERSION_CODENAME=")), "")
