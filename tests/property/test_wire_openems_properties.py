"""What holds for every openEMSstim line, every byte stream and every way of cutting it up."""

import json
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from stimctl.errors import WireFormatError
from stimctl.wire.hexlines import decode_line, encode_line
from stimctl.wire.openemsstim.codec import encode, read_line
from stimctl.wire.openemsstim.commands import Action, ConnectionEnd, Form
from stimctl.wire.openemsstim.replies import Reply
from stimctl.wire.openemsstim.text import LONGEST_LINE, LineReader, Overflow
from tests.support.examples import examples
from tests.support.wire_streams import cuts

WIRE = "openemsstim"
number = st.one_of(st.none(), st.integers(-2, 110), st.integers(0, 70_000))
pieces = st.one_of(
    st.sampled_from(
        [b"\n", b"\r\n", b"WV,0018,", b".", b"C0", b"I50", b"T", b"G", b"O", b"Connection End"]
    ),
    st.sampled_from([b"\tUSB: received command: ", b"SETUP:", b"\tBT: ", b"4730", b"x" * 600]),
    st.binary(max_size=8),
)
streams = st.lists(pieces, max_size=20).map(b"".join)


def lines(*chunks: bytes) -> list[Overflow | str]:
    reader = LineReader()
    return [line for chunk in chunks for line in reader.feed(chunk)] + reader.finish()


@given(streams, cuts)
@settings(max_examples=examples(150))
def test_the_same_bytes_give_the_same_lines_however_they_are_cut(
    stream: bytes, places: list[int]
) -> None:
    whole = lines(stream)
    assert lines(*(stream[n : n + 1] for n in range(len(stream)))) == whole
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    assert lines(*(stream[a:b] for a, b in pairwise(edges))) == whole


@given(streams)
@settings(max_examples=examples(200))
def test_no_stream_raises_and_all_that_is_shown_writes_back_exactly(stream: bytes) -> None:
    shown = json.loads(json.dumps(decode_line(stream.hex(), WIRE)))
    if not shown["errors"]:
        pending = shown.get("pending_bytes", 0)
        written = encode_line(shown, WIRE, invalid=True).hex
        assert written == stream[: len(stream) - pending].hex()


@given(streams)
def test_a_reader_holds_no_more_than_a_line(stream: bytes) -> None:
    reader = LineReader()
    reader.feed(stream)
    assert reader.pending <= LONGEST_LINE


@given(st.builds(Action, number, number, number), st.sampled_from(Form))
@settings(max_examples=examples(200))
def test_what_leaves_by_default_is_in_the_safe_subset(action: Action, form: Form) -> None:
    try:
        line = encode(action, form)
    except WireFormatError:
        return
    understood = read_line(line.decode("ascii").removesuffix("\n"))
    assert understood == (action, form, ())
    if action != Action():
        assert action.channel in (0, 1)
        assert 1 <= action.intensity <= 100
        assert 50 <= action.on_time_ms <= 5000


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\n"), max_size=80))
def test_any_line_reads_from_either_side(line: str) -> None:
    read_line(line)
    assert Reply.unpack(line).pack() == line


@given(st.binary(max_size=80).filter(lambda data: b"\n" not in data))
def test_a_stop_with_a_line_end_before_it_is_heard_after_anything(garbage: bytes) -> None:
    *_, last = lines(garbage + b"\nConnection End\n")
    assert isinstance(last, str)
    assert read_line(last).command == ConnectionEnd()
