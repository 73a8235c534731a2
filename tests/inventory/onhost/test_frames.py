from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.onhost.frames import HEAD, LARGEST, Unpacker, pack

KINDS = st.binary(min_size=1, max_size=1)
FRAMES = st.lists(st.tuples(KINDS, st.binary(max_size=300)), max_size=20)


@given(FRAMES, st.lists(st.integers(0, 400), max_size=40))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    frames: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    wire = b"".join(pack(kind, content) for kind, content in frames)
    unpacker, found, at = Unpacker(), [], 0
    for size in cuts:
        found += unpacker.feed(wire[at : at + size])
        at += size
    found += unpacker.feed(wire[at:])
    assert found == frames


@given(FRAMES, st.integers(1, 20))
def test_a_frame_that_is_not_whole_is_kept_back(frames: list[tuple[bytes, bytes]], missing: int) -> None:
    wire = b"".join(pack(kind, content) for kind, content in frames)
    unpacker = Unpacker()
    early = unpacker.feed(wire[:-missing])
    assert early == frames[: len(early)]
    assert early + unpacker.feed(wire[len(wire[:-missing]) :]) == frames


@given(st.binary(max_size=2000))
def test_any_bytes_give_frames_or_a_named_refusal(noise: bytes) -> None:
    try:
        found = Unpacker().feed(noise)
    except ValueError:
        return
    assert sum(HEAD.size + len(content) for _, content in found) <= len(noise)


def test_a_frame_larger_than_any_of_ours_is_refused_before_it_is_kept() -> None:
    unpacker = Unpacker()
    with pytest.raises(ValueError, match="too large"):
        unpacker.feed(HEAD.pack(b"o", LARGEST + 1))
