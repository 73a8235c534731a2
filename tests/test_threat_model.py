"""Behind every "cannot" of docs/threat-model.md stands a test that tries it; here is which."""

from __future__ import annotations

import ast
import re

import pytest

from tests.test_layout import ROOT

DOCUMENT = ROOT / "docs" / "threat-model.md"
SUDO = "control/test_sudo.py"
APPROVAL = "inventory/test_approval.py"
STOLEN = "test_stolen.py"

TESTS: dict[str, tuple[str, ...]] = {
    "T-01": (f"{SUDO}::test_somebody_who_is_not_in_people_yml_does_not_even_read",),
    "T-02": (f"{SUDO}::test_nobody_but_holdfast_and_root_reads_the_state",),
    "T-03": (f"{SUDO}::test_an_ordinary_login_cannot_name_itself_another",),
    "T-04": (
        f"{SUDO}::test_a_viewer_changes_nothing",
        f"{SUDO}::test_a_viewers_report_is_not_written_over_an_operators_checkpoint",
    ),
    "T-05": (
        f"{SUDO}::test_an_operator_does_not_do_what_responders_and_root_do",
        f"{SUDO}::test_holdfast_itself_refuses_what_sudo_would_not_have_let_in",
    ),
    "T-06": (
        f"{SUDO}::test_no_option_leads_holdfast_to_foreign_files",
        f"{SUDO}::test_none_of_the_callers_settings_come_along",
        f"{SUDO}::test_sudo_takes_no_variable_on_its_command_line",
        f"{SUDO}::test_a_folder_of_foreign_modules_and_a_foreign_site_around_it_change_nothing",
        "inventory/test_rights.py::test_no_word_after_a_command_smuggles_in_an_option_that_is_not_listed",
    ),
    "T-07": (
        f"{SUDO}::test_nothing_is_written_over_holdfasts_own_or_where_somebody_could_turn_it",
        "inventory/test_served.py::test_a_link_is_not_followed_and_a_turnable_way_not_trusted",
    ),
    "T-08": (
        f"{SUDO}::test_sudo_runs_the_launcher_and_nothing_else",
        f"{SUDO}::test_the_launcher_runs_as_holdfast_and_as_nobody_else",
    ),
    "T-09": (f"{SUDO}::test_a_role_taken_away_is_gone_at_once",),
    "T-10": (
        f"{APPROVAL}::test_another_persons_key_written_into_a_signature_does_not_make_it_theirs",
        f"{APPROVAL}::test_a_signature_over_something_else_is_refused_by_what_it_is_over",
        "cli/test_recover_requests.py::test_a_signature_for_one_run_is_worth_nothing_for_the_next_nor_for_another_plan",
    ),
    "T-11": (f"{APPROVAL}::test_two_signatures_of_one_person_are_one_person_even_with_two_keys",),
    "T-12": (
        f"{APPROVAL}::test_a_claim_counts_only_where_no_signature_is_wanted",
        "incident/test_engine.py::test_a_gate_that_wants_two_signatures_waits_for_both_whatever_is_claimed",
        "incident/test_engine.py::test_a_gate_passed_on_a_word_is_known_as_claimed",
    ),
    "T-13": (
        f"{STOLEN}::test_what_one_host_is_given_opens_its_own_copies_and_no_others",
        f"{STOLEN}::test_the_password_of_the_vault_does_not_open_the_medium",
    ),
    "T-14": ("inventory/test_ssh.py::test_a_host_with_another_key_is_refused_and_nothing_is_sent_to_it",),
    "T-15": (
        "cli/test_output.py::test_no_text_can_move_the_cursor_or_colour_the_screen",
        "cli/test_output.py::test_a_json_line_is_one_line_whatever_it_holds",
        "cli/test_output.py::test_a_table_shows_every_cell_and_obeys_none",
    ),
    "T-16": (
        f"{STOLEN}::test_a_stolen_medium_opens_with_no_password_that_is_not_its_own",
        f"{STOLEN}::test_a_stolen_medium_holds_no_word_of_the_data_no_file_name_and_no_key",
        f"{STOLEN}::test_with_its_password_the_same_medium_does_open",
    ),
    "T-17": (
        "backup/test_media.py::test_a_wrong_medium_is_refused_with_4_and_no_byte_of_it_changes",
        "backup/test_media.py::test_an_exchange_during_use_is_noticed",
    ),
    "T-18": (
        "backup/test_restore.py::test_a_damaged_copy_is_never_verified_and_nothing_is_put_in_place",
        "backup/test_restore.py::test_a_manifest_that_does_not_fit_its_data_is_not_verified",
    ),
    "T-19": (
        "ledger/test_proof.py::test_a_ledger_written_anew_by_whoever_holds_the_state_is_found",
        "ledger/test_proof.py::test_a_new_signing_key_does_not_pass_for_the_old_one",
        "ledger/test_attacks.py::test_each_attack_before_the_seal_is_found_also_with_every_hash_recomputed",
    ),
    "T-20": (f"{SUDO}::test_whoever_takes_over_holdfast_changes_neither_roles_nor_runbooks_nor_the_program",),
    "T-21": (
        f"{SUDO}::test_whoever_takes_over_holdfast_has_no_way_to_root_by_sudo",
        "inventory/test_launching.py::test_the_unit_may_write_its_home_and_the_stores_and_gains_no_rights",
    ),
    "T-22": (
        f"{APPROVAL}::test_a_key_of_nobody_is_refused_by_its_fingerprint",
        f"{APPROVAL}::test_a_text_changed_after_it_was_signed_is_refused",
    ),
    "T-23": (
        "backup/test_take.py::test_no_secret_is_ever_in_an_argument_or_an_environment",
        "cli/demo/test_driver.py::test_no_repository_password_is_in_any_log_or_report",
    ),
}


def stated() -> list[str]:
    """Return the numbers of the document, in order; each begins a line that says what somebody cannot do."""
    return re.findall(r"^- \*\*(T-\d\d)\*\* cannot ", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_cannot_has_a_number_of_its_own_and_a_test() -> None:
    assert stated() == [f"T-{number:02}" for number in range(1, len(stated()) + 1)]
    assert list(TESTS) == stated()


def test_nothing_else_is_claimed_to_be_impossible() -> None:
    """A "cannot" without a number would be a promise nobody tries."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    loose = [line for line in lines if line.startswith("- ") and " cannot " in line and not line.startswith("- **T-")]
    assert loose == []


@pytest.mark.parametrize("number", TESTS)
def test_the_tests_behind_a_number_exist_and_assert_something(number: str) -> None:
    for name in TESTS[number]:
        file, _, function = name.partition("::")
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function]
        assert len(found) == 1, f"{number}: there is no test {name}"
        body = list(ast.walk(found[0]))
        assert any(isinstance(node, ast.Assert) or "raises" in ast.dump(node) for node in body), (
            f"{name} asserts nothing"
        )
