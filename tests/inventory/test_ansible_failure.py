from __future__ import annotations

from pathlib import Path

from inventory import ansible_failure
from inventory.errors import ExitCode
from inventory.lines import SiteError
from inventory.sources import Source

BROKEN = """[WARNING]: Failed to parse inventory with 'yaml' plugin: nothing like YAML
Origin: <inventory plugin 'yaml' with source '/i/hosts.ini'>

[WARNING]: Failed to parse inventory with 'ini' plugin: /i/hosts.ini:3: Expected key=value
[ERROR]: Completely failed to parse inventory source /i/hosts.ini
"""


def test_a_file_is_named_with_the_reason_of_the_reader_it_is_for() -> None:
    error = ansible_failure.named(BROKEN, [Source(Path("/i/hosts.ini"), "static")])
    assert isinstance(error, SiteError)
    (problem,) = error.problems
    assert (problem.file, problem.what) == (
        Path("/i/hosts.ini"),
        "Ansible cannot read it: /i/hosts.ini:3: Expected key=value",
    )


def test_a_program_that_failed_is_no_fault_of_the_site() -> None:
    error = ansible_failure.named(BROKEN.replace("hosts.ini", "a b.sh"), [Source(Path("/i/a b.sh"), "dynamic")])
    assert (error.exit_code, error.hint) == (ExitCode.UNFINISHED, "try: '/i/a b.sh' --list")


def test_any_other_end_is_told_with_its_last_words() -> None:
    for said, told in (
        ("[WARNING]: x\n[ERROR]: no   such\toption\n", "ansible-inventory failed: no such option"),
        ("Killed\n", "ansible-inventory failed: Killed"),
        ("", "ansible-inventory failed: it said nothing"),
    ):
        assert ansible_failure.named(said, []).message == told


def test_time_that_ran_out_names_the_programs_or_ansible() -> None:
    programs = [Source(Path("/i/a.sh"), "dynamic"), Source(Path("/i/b.ini"), "static")]
    assert ansible_failure.too_slow(programs, 5).message == "/i/a.sh gave no inventory within 5 seconds and was ended"
    assert "ansible-inventory gave no inventory" in ansible_failure.too_slow([], 5).message
