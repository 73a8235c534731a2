"""What is claimed to be gone was seen to be gone: anything else is not so, or not known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inventory.errors import ExitCode
from playbooks import proof
from playbooks.ansible import Status, TaskResult
from playbooks.proof import Proof

STATUSES: list[Status] = ["ok", "failed", "skipped", "unreachable"]
ALL_GONE = ["gone passwd", "gone group", "gone /etc/holdfast", "gone /home/holdfast", "gone processes", "whole sudo"]


def looked(lines: list[str], status: Status = "ok") -> list[TaskResult]:
    return [TaskResult("web", "Look", "", status, ignored=False, result={"stdout": "\n".join(lines)})]


def test_all_that_was_seen_to_be_gone_holds() -> None:
    assert [each.holds for each in proof.gone(looked(ALL_GONE))] == [True, True, True, True]
    assert proof.worst(proof.gone(looked(ALL_GONE))) is ExitCode.DONE


def test_each_thing_still_there_is_named_and_ends_3() -> None:
    for index, line in enumerate(ALL_GONE):
        left = line.replace("gone", "there").replace("whole", "broken")
        found = proof.gone(looked([*ALL_GONE[:index], left, *ALL_GONE[index + 1 :]]))
        assert [each.holds for each in found].count(False) == 1, left
        assert proof.worst(found) is ExitCode.UNFINISHED
    files = proof.gone(looked([line.replace("gone /etc", "there /etc") for line in ALL_GONE]))[1]
    assert files.found == "still there: /etc/holdfast"


def test_what_nobody_saw_is_not_claimed_and_ends_1() -> None:
    for unseen in ([], looked(ALL_GONE, "unreachable"), looked(ALL_GONE, "failed"), looked(ALL_GONE[:-1])):
        assert [each.holds for each in proof.gone(unseen)] == [None] * 4
        assert proof.worst(proof.gone(unseen)) is ExitCode.FINDINGS
    account = proof.gone(looked(["unread passwd", *ALL_GONE[1:]]))[0]
    assert account.holds is None, "getent that fails has not said that there is no account"
    assert proof.gone(looked([line for line in ALL_GONE if "processes" not in line]))[2].holds is None


@given(st.lists(st.sampled_from([*ALL_GONE, "there passwd", "unread group", "broken sudo"]) | st.text()))
def test_nothing_holds_that_the_host_did_not_say_in_so_many_words(lines: list[str]) -> None:
    account, files, processes, sudo = proof.gone(looked(lines))
    whole = "\n".join(lines).splitlines()
    for held, needed in ((account, ALL_GONE[:2]), (processes, ALL_GONE[4:5]), (sudo, ALL_GONE[5:])):
        assert not held.holds or set(needed) <= set(whole)
    assert not files.holds or any(line.startswith("gone /") for line in whole)


def test_the_accounts_number_is_what_getent_said() -> None:
    entry = "there passwd holdfast:*:998:998:Holdfast:/home/holdfast:/bin/sh"
    assert proof.uid(looked([entry, "whole sudo"])) == "998"
    for bad in ("there passwd holdfast", "there passwd a:b:-1:d:e:f:g", "gone passwd"):
        assert proof.uid(looked([bad, "whole sudo"])) == ""
    assert proof.uid([]) == ""


def test_one_thing_not_so_outweighs_what_was_not_seen() -> None:
    assert proof.worst([Proof("a", None, ""), Proof("b", False, "")]) is ExitCode.UNFINISHED
