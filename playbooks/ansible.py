"""The door to Ansible: run one playbook on some hosts and bring back typed results.

ansible-runner works in a process of its own (this file run as a program), for three reasons: it copies the whole
environment it finds into its artifacts, it takes over signals, and its workers leave its process group, so that
ending it does not end them. Here the environment is made from nothing, the artifacts lie in a private directory
that is removed whatever happens, and every process of the run carries a mark by which the last one is found.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from inventory import mirror, reach
from inventory.errors import HoldfastError
from playbooks import processes

CONTENT = Path(__file__).parent / "content"
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LONGEST_SOCKET_DIRECTORY = 70  # a Unix socket's whole path has 108 bytes at most; ssh adds a name of its own
_LARGEST_RESULT = 20_000_000
_SUDO_ASKS = r"^BECOME password[^:]*:\s*?$"
_OWN_KEYS = ("id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk")  # what ssh tries by itself
_EVENTS = {
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_skipped": "skipped",
    "runner_on_unreachable": "unreachable",
}

Status = Literal["ok", "failed", "skipped", "unreachable"]


class AnsibleError(HoldfastError):
    """Ansible ended before it could do its work (exit 3)."""


@dataclass(frozen=True)
class Play:
    """What to run: a playbook, inventories, which of their hosts; `check` changes nothing and shows differences.

    Later inventories count over earlier ones; files of variables that are encrypted as a whole are left out, since
    nobody here has their password.
    `key` is a private SSH key that is tried before the user's own; `variables` win over the inventories'; `password`
    is what sudo asks for (empty: it asks for none). `limit` is in seconds for the whole run.
    """

    playbook: Path
    inventories: Sequence[Path]
    hosts: Sequence[str]
    check: bool = False
    known_hosts: Path | None = None
    forks: int = 10
    limit: float = 1800
    key: Path | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class TaskResult:
    """How one task ended on one host; `result` is the module's own answer."""

    host: str
    task: str
    role: str
    status: Status
    ignored: bool
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Tell whether the task changed something (in check mode: would)."""
        return self.status == "ok" and self.result.get("changed") is True

    @property
    def message(self) -> str:
        """Return what the module said about a failure, on one line."""
        text = str(self.result.get("msg") or self.result.get("module_stderr") or "no reason given")
        items = self.result.get("results")
        if isinstance(items, list):
            failed = [str(item.get("msg")) for item in items if isinstance(item, dict) and item.get("failed")]
            text = failed[0] if failed else text
        return " ".join(text.split()).removeprefix("Task failed: ")[:500]


def run(play: Play, on_result: Callable[[TaskResult], None] = lambda _: None) -> list[TaskResult]:
    """Run a playbook to its end and return every task's result, in the order they came.

    Raises:
        AnsibleError: the playbook or the inventory cannot be used, or Ansible broke off.
        TimeLimitError: `play.limit` passed; nothing of the run is left.
    """
    results: list[TaskResult] = []
    ended: dict[str, Any] = {}

    def take(line: str) -> None:
        event = json.loads(line)
        if "ended" in event:
            ended.update(event)
            return
        results.append(TaskResult(**event))
        on_result(results[-1])

    mark = uuid.uuid4().hex
    directory = Path(tempfile.mkdtemp(prefix="holdfast-"))
    command = reach.Command(
        argv=(sys.executable, "-P", "-m", "playbooks.ansible"),
        env=_environment(play, directory) | {processes.MARK: mark},
        cwd=directory,
        stdin=json.dumps(_order(play, directory)).encode(),
        limit=play.limit,
    )
    try:
        outcome = reach.run(command, on_stdout=take)
    finally:
        processes.end_marked(mark)
        shutil.rmtree(directory, ignore_errors=True)
    if "ended" not in ended:
        raise AnsibleError(f"ansible-runner broke off: {_last_line(outcome.stderr)}", hint="run it again with --debug")
    if not results and ended["ended"] != "successful":
        given = shlex.join(part for place in play.inventories for part in ("-i", str(place)))
        raise AnsibleError(
            f"Ansible could not begin: {ended['said']}",
            hint=f"try: ansible-playbook {given} {play.playbook} --syntax-check",
        )
    return results


def _order(play: Play, directory: Path) -> dict[str, Any]:
    """Return the arguments of ansible_runner.run; the hosts go through a file, an argument could be too long."""
    (directory / "ansible.cfg").touch()
    (directory / "defaults.yml").write_text(json.dumps({"all": {"vars": _defaults(directory)}}))
    limit = directory / "hosts"
    limit.write_text("".join(f"{host}\n" for host in play.hosts))
    places = mirror.without_encrypted([place.resolve() for place in play.inventories], directory / "seen")
    (directory / "variables.json").write_text(json.dumps(dict(play.variables)))
    arguments = ["--limit", f"@{limit}", *(["--check"] if play.check else []), "--diff"]
    arguments += ["-e", f"@{directory / 'variables.json'}", *(["--ask-become-pass"] if play.password else [])]
    return {
        "passwords": {_SUDO_ASKS: play.password} if play.password else None,
        "private_data_dir": str(directory),
        "playbook": str(play.playbook.resolve()),
        "inventory": [str(directory / "defaults.yml"), *map(str, places)],
        "cmdline": shlex.join(arguments),
        "forks": play.forks,
        "quiet": True,
        "suppress_env_files": True,
        "rotate_artifacts": 0,
        "settings": {"suppress_output_file": True, "pexpect_timeout": 0.2},
    }


def _defaults(directory: Path) -> dict[str, str]:
    """Return variables for hosts that say nothing else: modules that run on this machine keep to our directory."""
    local = str(directory / "modules")
    default = "~/.ansible/tmp"
    return {
        "ansible_remote_tmp": f"{{{{ {local!r} if ansible_connection | default('') == 'local' else {default!r} }}}}"
    }


def _environment(play: Play, directory: Path) -> dict[str, str]:
    """Return every variable Ansible sees beside the few any child sees.

    PATH begins with our own environment: ansible-playbook lies there, and a local host's Python is found there.
    """
    ssh = ["-o", "ConnectTimeout=15"]
    if len(str(directory)) <= _LONGEST_SOCKET_DIRECTORY:
        ssh += ["-o", "ControlMaster=auto", "-o", "ControlPersist=30s"]
    ssh += ["-o", "StrictHostKeyChecking=yes", "-o", "PasswordAuthentication=no", "-o", "BatchMode=yes"]
    if play.known_hosts is not None and play.known_hosts.is_file():
        ssh += ["-o", f'UserKnownHostsFile="{play.known_hosts.resolve()}"']
    ssh += [word for key in _identities(play.key) for word in ("-o", f'IdentityFile="{key}"')]
    agent = {name: os.environ[name] for name in ("SSH_AUTH_SOCK",) if name in os.environ}
    return agent | {
        "PATH": f"{Path(sys.executable).parent}:{_SYSTEM_PATH}",
        "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
        "ANSIBLE_HOME": str(directory / "home"),
        "ANSIBLE_LOCAL_TEMP": str(directory / "local"),
        "TMPDIR": str(directory),
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_PYTHON_INTERPRETER": "auto_silent",
        "ANSIBLE_SSH_ARGS": shlex.join(ssh),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(directory / "cp"),
        "ANSIBLE_TIMEOUT": "15",
        "ANSIBLE_NOCOLOR": "True",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
        "MAX_EVENT_RES": str(_LARGEST_RESULT),
    }


def _identities(key: Path | None) -> list[Path]:
    """Return the keys to try: naming one to ssh takes the user's own away, so they are named too."""
    own = [Path.home() / ".ssh" / name for name in _OWN_KEYS]
    return [] if key is None else [key.resolve(), *(each for each in own if each.is_file())]


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "it said nothing")


def _main() -> None:
    """Be the process ansible-runner works in: its arguments on stdin, one JSON line per task result on stdout."""
    import ansible_runner

    order = json.load(sys.stdin)
    said: list[str] = []

    def stop(*_: object) -> None:
        processes.end_marked(os.environ[processes.MARK], grace=1.0)
        shutil.rmtree(order["private_data_dir"], ignore_errors=True)
        os._exit(1)

    def handle(event: Mapping[str, Any]) -> bool:
        said.extend(_plain(str(event.get("stdout", ""))))
        del said[:-50]
        if (result := _result(event)) is not None:
            _write(asdict(result))
        return False  # no file is kept of any event

    signal.signal(signal.SIGTERM, stop)
    done = ansible_runner.run(**order, event_handler=handle, cancel_callback=lambda: False)
    _write({"ended": done.status, "said": _reason(said)})


def _write(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _result(event: Mapping[str, Any]) -> TaskResult | None:
    status = _EVENTS.get(str(event.get("event")))
    data = event.get("event_data", {})
    if status is None or not isinstance(data.get("res"), dict):
        return None
    return TaskResult(
        host=str(data["host"]),
        task=str(data.get("task", "")),
        role=str(data.get("role", "")),
        status=status,  # type: ignore[arg-type]
        ignored=bool(data.get("ignore_errors")),
        result=data["res"],
    )


def _plain(text: str) -> list[str]:
    return [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines() if line.strip()]


def _reason(said: Sequence[str]) -> str:
    """Return the line that says what went wrong, else the last one."""
    errors = [line for line in said if line.startswith(("[ERROR]", "ERROR"))]
    text = errors[0] if errors else (said[-1] if said else "it said nothing")
    return re.sub(r"^\[?ERROR\]?[:!]*\s*", "", text)[:500]


if __name__ == "__main__":
    _main()
