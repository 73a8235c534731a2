"""What lies on a lab host, to be compared with what lay there before."""

from __future__ import annotations

import json

from tests.lab.host import LabHost

PLACES = ("/etc", "/usr/local", "/home", "/var/spool", "/root")
_LISTING = """
import hashlib, json, os, stat, sys
found = {}
for top in sys.argv[1:]:
    for folder, folders, files in os.walk(top):
        for name in [folder, *(os.path.join(folder, name) for name in files + folders)]:
            about = os.lstat(name)
            text = os.readlink(name) if stat.S_ISLNK(about.st_mode) else ""
            if stat.S_ISREG(about.st_mode):
                text = hashlib.sha256(open(name, "rb").read()).hexdigest()
            found[name] = [oct(about.st_mode), about.st_uid, about.st_gid, text]
json.dump(found, sys.stdout)
"""


def listing(host: LabHost, *places: str) -> dict[str, tuple[object, ...]]:
    """Return mode, owner, group and content (SHA-256, a link's target) of every path below some places."""
    said = host.ssh("python3", "-c", _LISTING, *(places or PLACES)).stdout
    return {path: tuple(about) for path, about in json.loads(said).items()}


def differences(before: dict[str, tuple[object, ...]], after: dict[str, tuple[object, ...]]) -> set[str]:
    """Return the paths that came, went, or are not what they were."""
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
