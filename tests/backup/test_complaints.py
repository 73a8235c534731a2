from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup import complaints

ONE, TWO = "028c5216" + "a" * 56, "117e8f56" + "b" * 56
ADVICE = [
    "The repository contains damaged pack files. These damaged files must be removed to repair the repository. "
    "Please read the troubleshooting guide at https://restic.readthedocs.io/ first.",
    f"restic repair packs {ONE}",
    "restic repair snapshots --forget",
    "Damaged pack files can be caused by bugs. Please open an issue at https://github.com/restic/restic/issues/new !",
    "Fatal: repository contains errors",
]


def test_damaged_packs_are_counted_and_restics_own_advice_is_left_out() -> None:
    packs = [f"pack {ONE} contains 2 errors: [blob x: ciphertext verification failed]", f"pack {TWO}: does not exist"]
    assert complaints.of_check([*packs, "", *ADVICE]) == ("2 packs damaged, first 028c5216",)
    assert complaints.of_check([packs[1], packs[1]]) == ("1 pack damaged: 117e8f56",)


def test_damaged_lists_and_indexes_are_named() -> None:
    lines = ["error for tree c725acf1:", "  decrypting blob <tree/c725acf1> failed: ciphertext verification failed"]
    lines += [f"error: error loading index {ONE}: LoadRaw(<index/028c521602>): invalid data returned"]
    lines += ["error: failed to load snapshot b423a06e: invalid data returned", *ADVICE]
    assert complaints.of_check(lines) == (
        "1 index damaged: 028c5216",
        "1 list of files damaged: c725acf1",
        "1 snapshot damaged: b423a06e",
    )


def test_a_complaint_we_have_no_words_for_is_kept_and_advice_alone_is_better_than_nothing() -> None:
    assert complaints.of_check(["unable to read the whole of it", *ADVICE]) == ("unable to read the whole of it",)
    assert complaints.of_check([ADVICE[-1]]) == (ADVICE[-1],)
    assert complaints.of_check(["check all packs", "[0:00] 100.00%  1 / 1 snapshots"]) == ()


def test_sums_blank_lines_and_repetitions_are_left_out() -> None:
    assert complaints.distinct(["/x: broken", "", "/x: broken\n", "Fatal: There were 2 errors\n"]) == ("/x: broken",)
    assert complaints.distinct(["Fatal: There was 1 error\n"]) == ("Fatal: There was 1 error",)


@given(st.lists(st.text()))
def test_something_that_was_said_is_never_silence(texts: list[str]) -> None:
    found = complaints.distinct(texts)
    assert bool(found) == any(text.strip() for text in texts)
    assert all(line.strip() for line in found)


@pytest.mark.parametrize(
    ("text", "damaged"),
    [
        ("decrypting blob <data/129e89a1> from 3669831f failed: ciphertext verification failed", True),
        ("LoadRaw(<index/a186a02383>): invalid data returned", True),
        ("ReadFull(<data/117e8f5660>): open /vault/data/11/117: no such file or directory", True),
        ('loading tree for snapshot "latest" failed: id c725acf1f34eefc0 not found in repository', True),
        ("write /target/f2: no space left on device", False),
        ("lchown /target/f1: no such file or directory", False),
        ("open /vault/data/11/117: permission denied", False),
    ],
)
def test_only_what_is_wrong_with_the_copy_itself_is_called_damage(text: str, damaged: bool) -> None:
    assert complaints.is_damage(text) is damaged
