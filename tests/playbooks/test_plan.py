"""Task results become a plan."""

from __future__ import annotations

from typing import Any

from inventory.errors import ExitCode
from playbooks import plan
from playbooks.ansible import Status, TaskResult


def task(status: Status = "ok", host: str = "one", **result: Any) -> TaskResult:
    return TaskResult(host, "Write", "ssh", status, False, result)


def test_a_difference_of_a_text_file_names_the_file_and_both_sides() -> None:
    answer = {"dest": "/etc/x", "diff": [{"before": "a\n", "after": "b\n"}]}
    assert plan.difference(answer).splitlines() == ["--- /etc/x (now)", "+++ /etc/x (after)", "@@ -1 +1 @@", "-a", "+b"]


def test_a_difference_of_a_mode_shows_the_mode() -> None:
    answer = {"path": "/x", "diff": {"before": {"path": "/x", "mode": "0666"}, "after": {"path": "/x", "mode": "0644"}}}
    assert plan.difference(answer).splitlines()[3:] == ["-mode: 0666", "+mode: 0644"]


def test_a_temporary_directory_of_the_controller_is_not_shown() -> None:
    answer = {"diff": [{"before": "", "after": "b\n", "after_header": "/tmp/h/ansible-local-12/tmpx/my.conf.j2"}]}
    assert plan.difference(answer).splitlines()[0] == "--- my.conf.j2 (now)"


def test_of_a_loop_only_the_items_that_change_are_listed() -> None:
    items = [{"changed": True, "_ansible_item_label": "a"}, {"changed": False}, {"skipped": True}]
    found = plan.outcome([task(changed=True, results=items)], ["one"])
    assert [change.item for change in found.changes] == ["a"]


def test_failed_unreached_and_silent_hosts_are_told_apart_and_exit_3() -> None:
    results = [task("failed", "one", msg="no room"), task("unreachable", "two", msg="refused")]
    found = plan.outcome(results, ["one", "two", "three"])
    assert found.failed == {"one": "Write: no room"}
    assert found.unreached == {"two": "refused", "three": "Ansible did not say anything about this host"}
    assert found.exit_code == ExitCode.UNFINISHED


def test_the_message_of_a_failed_loop_is_that_of_its_first_failed_item() -> None:
    result = task("failed", msg="One or more items failed", results=[{"failed": False}, {"failed": True, "msg": "why"}])
    assert result.message == "why"


def test_a_plan_with_changes_pending_is_a_finding_and_one_without_is_clean() -> None:
    changed, same = task(changed=True), task(changed=False)
    assert plan.outcome([changed], ["one"]).pending == ExitCode.FINDINGS
    assert plan.outcome([changed], ["one"]).exit_code == ExitCode.DONE, "applied, it is done"
    assert plan.outcome([same], ["one"]).pending == ExitCode.DONE
    assert plan.outcome([changed, task("failed")], ["one"]).pending == ExitCode.UNFINISHED
