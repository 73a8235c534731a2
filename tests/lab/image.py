"""The images lab hosts start from: made once from Debian's packages, kept compressed in a cache outside the checkout.

A host's file system is stacked: a base (one Debian release and what every host has), over it a layer with what more
packages brought, over both the host's own disk. So the base is kept and unpacked once for all of them.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.mirror import codename, find_mirror
from tests.lab.running import run

HERE = Path(__file__).parent
SUITES = ("bookworm", "trixie")
SUITE = SUITES[0]
_PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "libpam-modules", "libpam-systemd", "passwd", "openssh-server", "sudo"),
    *("python3", "python3-apt", "iproute2", "iputils-ping", "procps", "kmod", "nftables", "cron", "less"),
    *("ca-certificates", "linux-base"),
)
_LEFT_OUT = ("doc", "info", "locale", "man")
_MADE = Path("etc/lab-image")  # inside a base: which making of it this is
# What overlayfs says of a file in a layer that counts elsewhere too; the rest holds on the machine it was made on only.
_ATTRIBUTES = ("trusted.overlay.opaque", "security.capability", "user.*")


@dataclass(frozen=True)
class Image:
    """A Debian release with the packages every lab host has, and some more."""

    suite: str = SUITE
    packages: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the base's name; it changes with everything that goes into it."""
        recipe = (HERE / "base.sh").read_bytes() + repr((_PACKAGES, _LEFT_OUT)).encode()
        return f"{self.suite}-{_short(recipe)}"

    def unpack(self, place: Path, cache: Path) -> tuple[Path, ...]:
        """Have the image's file systems below `place`, the uppermost first; what the cache lacks is made now.

        A base takes half a minute to make, a layer some seconds; both need the network. One that was made or
        unpacked by half is never used.
        """
        base = _unpacked(place / self.name, _kept(cache, self.name, self._make_base))
        if not self.packages:
            return (base,)
        name = self.layer_name((base / _MADE).read_text())
        return _unpacked(place / name, _kept(cache, name, lambda target: self._make_layer(base, target))), base

    def layer_name(self, base: str) -> str:
        """Return the layer's name; it holds over one making of the base only, because package states are in it."""
        recipe = (HERE / "layer.sh").read_bytes() + repr((base, self.packages)).encode()
        return "-".join((self.suite, "layer", self.packages[0], _short(recipe)))

    def _make_base(self, target: Path) -> None:
        mirror = find_mirror(Path("/etc/apt"), codename())
        keyring = [f"--keyring={mirror.keyring}"] if mirror.keyring else []
        left_out = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT]
        hook = f'--customize-hook=sh {shlex.quote(str(HERE / "base.sh"))} "$1"'
        made = ("mmdebstrap", "--quiet", "--variant=minbase", *keyring, *left_out)
        run(*made, f"--include={','.join(_PACKAGES)}", hook, self.suite, target, mirror.uri)

    def _make_layer(self, base: Path, target: Path) -> None:
        work = base.with_name(f"making-{target.name}")
        shutil.rmtree(work, ignore_errors=True)
        for part in ("upper", "work", "root"):
            (work / part).mkdir(parents=True)
        alone = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation=private")
        try:
            run(*alone, "/bin/sh", HERE / "layer.sh", base, work, *self.packages)
            kept = [f"--xattrs-include={name}" for name in _ATTRIBUTES]
            run(
                "tar",
                "--create",
                "--zstd",
                "--numeric-owner",
                "--xattrs",
                *kept,
                f"--file={target}",
                ".",
                cwd=work / "upper",
            )
        finally:
            run("rm", "-rf", work)


def _short(recipe: bytes) -> str:
    return hashlib.sha256(recipe).hexdigest()[:12]


def _kept(cache: Path, name: str, make: Callable[[Path], None]) -> Path:
    """Return an archive of the cache, made now if it is not there."""
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / f"{name}.tar.zst"
    if not archive.exists():
        partial = cache / f"partial-{os.getpid()}.tar.zst"
        try:
            make(partial)
            partial.rename(archive)
        finally:
            partial.unlink(missing_ok=True)
    return archive


def _unpacked(directory: Path, archive: Path) -> Path:
    if not directory.exists():
        partial = directory.with_name(f"partial-{directory.name}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        said = ("--zstd", "--numeric-owner", "--xattrs-include=*")
        run("tar", "--extract", *said, f"--file={archive}", cwd=partial)
        partial.rename(directory)
    return directory


def cache_directory(environment: Mapping[str, str]) -> Path:
    """Return where images are kept: HOLDFAST_LAB_CACHE, else the user's cache directory."""
    if named := environment.get("HOLDFAST_LAB_CACHE"):
        return Path(named)
    base = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME", "/root")) / ".cache")
    return Path(base) / "holdfast-lab"
