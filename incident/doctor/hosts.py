"""Checks of the hosts: do they answer, and is it the same time there?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from incident.doctor.finding import Check, Found
from incident.doctor.patient import Patient
from inventory import duration
from inventory.system import Host
from playbooks import ping
from playbooks.ping import Answer

LIMIT = 90.0
_APART, _FAR_APART = 30.0, 300.0
"""Seconds a host's clock may differ before it is amber, and red: the first is what asking may cost; with the second
sign-on tickets are refused."""


def checks(patient: Patient) -> list[Check]:
    """Return the check of all hosts."""
    return [
        Check(
            "hosts",
            "a host that does not answer now is neither copied nor scanned tonight",
            lambda: answer(patient),
            limit=LIMIT + 10,
            remote=True,
        )
    ]


def answer(patient: Patient) -> Iterator[Found]:
    """Ask every host: those that are directories here by looking, the others over their connection."""
    hosts = patient.site.hosts
    for host in hosts.values():
        if host.connection == "local":
            yield of_directory(host)
    far = [host.name for host in hosts.values() if host.connection != "local"]
    for one in ping.ping(patient.site, far, patient.clock, limit=LIMIT):
        yield judge(one)
    if not hosts:
        yield Found("amber", "the inventory names no host", mend="holdfast inventory validate")


def of_directory(host: Host) -> Found:
    """Is the place of a local host there?"""
    if Path(host.root).is_dir():
        return Found("green", "it is this machine" if host.root == "/" else f"it lies at {host.root}", host.name)
    return Found("red", f"there is nothing at {host.root}", host.name, f"holdfast inventory show {host.name}")


def judge(answer: Answer) -> Found:
    """Judge what a host said."""
    if answer.problem:
        return Found("red", answer.problem, answer.host, f"ssh -v {answer.host}")
    if answer.ahead is None:
        return Found("unknown", "it answers, but tells no time", answer.host, f"ssh -v {answer.host}")
    apart = abs(answer.ahead)
    if apart <= _APART:
        return Found("green", "it answers, at the same time as here", answer.host)
    side = "ahead of" if answer.ahead > 0 else "behind"
    words = f"its clock is {duration.show(round(apart))} {side} this one"
    return Found("red" if apart > _FAR_APART else "amber", words, answer.host, "timedatectl set-ntp true")
