from __future__ import annotations

from backup import hearing, messages
from inventory.command import Outcome


def test_a_percentage_in_restics_words_is_progress() -> None:
    told: list[tuple[str, float | None]] = []
    spoken: list[str] = []
    listen = hearing.text_progress(lambda text, share: told.append((text, share)), spoken)
    listen("[0:01] 25.00%  1 / 4 packs")
    listen("no errors were found")
    assert told == [("25.00%  1 / 4 packs", 0.25)]
    assert len(spoken) == 2


def test_complaints_are_told_from_what_is_only_said() -> None:
    heard = [messages.ItemProblem("/srv/a", "permission denied"), messages.Text("scan finished"), messages.Text(" ")]
    assert hearing.problems([*heard, messages.Text("Fatal: it broke"), messages.Fatal(1, "")]) == [
        "/srv/a: permission denied",
        "Fatal: it broke",
    ]


def test_a_line_whose_beginning_was_not_kept_is_left_out() -> None:
    outcome = Outcome(0, 'status"}\n{"message_type":"summary"}\n', "it broke\n", 1.0)
    assert hearing.whole_lines(outcome) == ['{"message_type":"summary"}', "it broke"]
