"""Byte streams that are hard on a frame decoder, and how to read them in pieces."""

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from stimctl.wire.stuffing import FrameError, RawFrame

SPECIAL = [0xF0, 0x0F, 0x81, 0xF0 ^ 0x55, 0x0F ^ 0x55, 0x81 ^ 0x55, 0x00]
hard_bytes = st.lists(st.one_of(st.sampled_from(SPECIAL), st.integers(0, 255)), max_size=80).map(
    bytes
)
cuts = st.lists(st.integers(0, 2000), max_size=6)


def streams_of(frames: st.SearchStrategy[bytes], longest: int) -> st.SearchStrategy[bytes]:
    """Good frames, cut frames, garbage and a frame without an end, in any order."""
    return st.lists(
        st.one_of(
            frames,
            hard_bytes,
            frames.map(lambda frame: frame[:-3]),
            frames.map(lambda frame: frame[3:]),
            st.just(b"\xf0" + b"\x22" * (longest + 5)),
        ),
        max_size=5,
    ).map(b"".join)


def read(decoder: Any, *chunks: bytes) -> tuple[list[FrameError | RawFrame], int]:
    return [event for chunk in chunks for event in decoder.feed(chunk)], decoder.pending


def assert_same_however_cut(new_decoder: Any, stream: bytes, places: list[int]) -> None:
    whole = read(new_decoder(), stream)
    assert read(new_decoder(), *(stream[n : n + 1] for n in range(len(stream)))) == whole
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    assert read(new_decoder(), *(stream[a:b] for a, b in pairwise(edges))) == whole
    # Whole frames in one chunk take a shortcut; in an open frame they do not.
    assert read(new_decoder(), stream[:1], stream[1:]) == whole
