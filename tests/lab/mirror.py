"""Where Debian comes from: the mirror that this machine's own apt sources name, whatever form they have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lab.running import LabError


@dataclass(frozen=True)
class Mirror:
    """Where this machine's own apt gets Debian from; `keyring` may be empty (apt's own trusted keys)."""

    uri: str
    keyring: str = ""


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


def codename() -> str:
    """Return the name of the Debian release this machine runs, or nothing."""
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    return next((line.partition("=")[2].strip('"') for line in lines if line.startswith("VERSION_CODENAME=")), "")
