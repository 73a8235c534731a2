from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

from cli.signing_keys import at_hand
from inventory.people import Person
from tests.inventory import signing


def test_a_private_key_in_its_usual_place_is_seen_and_one_of_somebody_else_is_not(tmp_path: Path) -> None:
    mine = signing.key(tmp_path / ".ssh", "id_ed25519")
    signing.key(tmp_path / ".ssh", "id_other")
    (tmp_path / ".ssh" / "broken.pub").write_bytes(b"\xff\xfe")
    person = Person(name="Hoa", login="hoa", key=signing.public(mine))
    assert at_hand(person, {"HOME": str(tmp_path)}) == [str(mine)]
    mine.unlink()
    assert at_hand(person, {"HOME": str(tmp_path)}) == []
    assert at_hand(Person(name="Lan", login="lan"), {"HOME": str(tmp_path)}) == []


def test_a_key_that_the_real_agent_holds_is_seen(tmp_path: Path) -> None:
    mine = signing.key(tmp_path, "hoa")
    person = Person(name="Hoa", login="hoa", key=signing.public(mine))
    agent = shutil.which("ssh-agent")
    assert agent is not None
    socket = tmp_path / "agent"
    process = subprocess.Popen([agent, "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        surroundings = os.environ | {"SSH_AUTH_SOCK": str(socket)}
        add = ["ssh-add", "-q", str(mine)]
        for _ in range(100):
            if subprocess.run(add, env=surroundings, capture_output=True, check=False).returncode == 0:
                break
        assert at_hand(person, {"SSH_AUTH_SOCK": str(socket)}) == ["ssh-agent"]
        assert at_hand(person, {"SSH_AUTH_SOCK": str(tmp_path / "nowhere")}) == []
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
