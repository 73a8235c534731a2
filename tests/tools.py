"""The real programs some tests need: found, or the test is skipped with the reason.

`HOLDFAST_REQUIRE=restic,ansible,lab` turns such a skip into a failure; `.ci/run` sets it.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

CHECKOUT = Path(__file__).parent.parent
_RESTIC_NEEDED = (0, 17)


def require(tool: str) -> Path:
    """Return the program, or skip the test; fail it when HOLDFAST_REQUIRE names the tool."""
    finders = {
        "restic": _restic,
        "rest-server": _rest_server,
        "ansible": _ansible,
        "postgresql": _postgresql,
        "lab": _lab,
        "ssh": _ssh,
        "control": _control,
        "ssh-keygen": _ssh_keygen,
        "graphviz": _graphviz,
        "elasticsearch": _elasticsearch,
    }
    found = finders[tool]()
    return found if isinstance(found, Path) else lacking(tool, found)


def lacking(tool: str, why: str) -> NoReturn:
    """Skip the test, or fail it when HOLDFAST_REQUIRE names the tool."""
    if tool in os.environ.get("HOLDFAST_REQUIRE", "").split(","):
        pytest.fail(f"HOLDFAST_REQUIRE names {tool}, but {why}", pytrace=False)
    pytest.skip(why)


def _restic() -> Path | str:
    """Look where the product looks: HOLDFAST_RESTIC, the checkout's .tools, the PATH."""
    places = (os.environ.get("HOLDFAST_RESTIC"), str(CHECKOUT / ".tools/restic"), "restic")
    found = next((program for place in places if place and (program := shutil.which(place))), None)
    if found is None:
        return "restic is not installed; `make restic` fetches it"
    said = subprocess.run([found, "version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"restic (\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < _RESTIC_NEEDED:
        return f"{found} is not restic 0.17 or newer"
    return Path(found)


def _rest_server() -> Path | str:
    places = (os.environ.get("HOLDFAST_REST_SERVER"), str(CHECKOUT / ".tools/restic-rest-server"), "restic-rest-server")
    found = next((program for place in places if place and (program := shutil.which(place))), None)
    return Path(found) if found else "restic-rest-server is not installed; `make rest-server` fetches it"


def _ansible() -> Path | str:
    program = Path(sys.executable).parent / "ansible-playbook"
    return program if program.exists() else f"{program} is not installed; `make ready` installs it"


def _graphviz() -> Path | str:
    program = shutil.which("dot")
    return Path(program) if program else "graphviz is not installed (sudo apt-get install graphviz)"


def _lab() -> Path | str:
    """Ask the lab's own script what is missing: packages, root, or something of the kernel's."""
    script = CHECKOUT / "tests/lab/needs.sh"
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    asked = subprocess.run(["/bin/sh", script], env={"PATH": path}, capture_output=True, text=True, check=False)
    return script if asked.returncode == 0 else asked.stdout.strip() or asked.stderr.strip()


def _ssh_keygen() -> Path | str:
    found = shutil.which("ssh-keygen")
    return Path(found) if found else "ssh-keygen is not installed; it comes with OpenSSH's client"


def _postgresql() -> Path | str:
    """Return the directory of a server's programs, the newest that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        return "no PostgreSQL server is installed; apt-get install postgresql"
    if os.getuid() == 0 and not any(user.pw_name == "postgres" for user in pwd.getpwall()):
        return "a PostgreSQL server does not run as root, and there is no user postgres"
    return found[-1].parent


def _ssh() -> Path | str:
    """Ask for what the small SSH host needs: root, the programs, and namespaces."""
    if os.geteuid() != 0:
        return "a host over SSH needs root: its network is a namespace"
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    for program in ("ssh", "sshd", "ssh-keygen", "ip", "unshare", "mount", "sudo"):
        if shutil.which(program, path=path) is None:
            return f"{program} is not installed"
    tried = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "true"],
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return Path("/usr/sbin/sshd") if tried.returncode == 0 else f"no namespaces here: {tried.stderr.strip()}"


def _control() -> Path | str:
    from tests.control import host

    return host.missing() or Path(host.PYTHON)


def _elasticsearch() -> Path | str:
    """Ask for Java, and for the server: fetched, or to be fetched when the first test starts it."""
    from tests.elastic import distribution

    return distribution.missing(os.environ) or CHECKOUT / "tests/elastic"
