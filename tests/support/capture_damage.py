"""What can be different about a device: seeded into a capture, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from stimctl.bench.capture_differences import Sort
from stimctl.bench.captured_frames import dissector_of
from stimctl.errors import WireFormatError
from stimctl.records.captures import Capture, CaptureRow, Kind
from tests.support.captures import with_rows

MS = 1_000_000
# Room before and after: for what is moved in time, and because the last answers may be unread.
_FROM_NS, _BEFORE_END_NS = 300 * MS, 3_000 * MS
_NEAR = {Sort.FIELD, Sort.BYTES, Sort.DAMAGED, Sort.MISSING, Sort.EXTRA}
_TIMES = {Sort.LATE, Sort.EARLY}


@dataclass(frozen=True)
class Damaged:
    """A capture with one difference. `at_ns`: where it begins."""

    capture: Capture
    at_ns: int


class Frames:
    """The frames of a device in a capture that has one row for each, to be changed."""

    def __init__(self, capture: Capture, chance: Random) -> None:
        self.capture, self.chance = capture, chance
        self.family = capture.header.family
        self.rows = list(capture.rows)
        places = [n for n, row in enumerate(self.rows) if row.kind is Kind.RECEIVED]
        end_ns = capture.end_ns - _BEFORE_END_NS
        self.places = [n for n in places if _FROM_NS < self.rows[n].t_ns < end_ns]
        self.at = chance.choice(self.places)

    @property
    def is_text(self) -> bool:
        return self.family == "openemsstim"

    @property
    def row(self) -> CaptureRow:
        """The frame that becomes different."""
        return self.rows[self.at]

    def after(self) -> int:
        """The place of the frame that follows."""
        return next(n for n in self.places if n > self.at)

    def where(self, fits: Callable[[int], bool]) -> None:
        """Take a frame of which something is so."""
        self.at = self.chance.choice([n for n in self.places[:-1] if fits(n)])

    def to(self, *frames: bytes) -> None:
        """Say this in its place."""
        self.rows[self.at : self.at + 1] = [replace(self.row, data=data) for data in frames]

    def move(self, by_ns: int) -> None:
        """Say it at another time."""
        self.rows[self.at] = replace(self.row, t_ns=self.row.t_ns + by_ns)

    def shown(self, at: int) -> dict[str, Any]:
        """The frame as the dissector shows it."""
        (frame,) = dissector_of(self.family).device_reader().feed(self.rows[at].data)
        return frame.row

    def said_again(self, row: dict[str, Any]) -> bytes:
        """The bytes of a frame as the dissector shows it."""
        return bytes.fromhex(dissector_of(self.family).encode(row, invalid=True).hex)


def _flip(frames: Frames, place: int) -> None:
    data = bytearray(frames.row.data)
    data[place] ^= 1 << frames.chance.randrange(7)
    frames.to(bytes(data))


def flipped_byte(frames: Frames) -> None:
    _flip(frames, frames.chance.randrange(len(frames.row.data) - 1))


def wrong_checksum(frames: Frames) -> None:
    # Its place: an escaped byte after START, in ScienceMode 2 the only one, else the first of two.
    _flip(frames, 2 if not frames.is_text else 0)


def wrong_length(frames: Frames) -> None:
    place = {"rehastim2": 4, "openemsstim": 1}.get(frames.family, 6)
    _flip(frames, place)


def lost_last_byte(frames: Frames) -> None:
    frames.to(frames.row.data[:-1])


def lost_first_byte(frames: Frames) -> None:
    frames.to(frames.row.data[1:])


def lost_byte_inside(frames: Frames) -> None:
    place = frames.chance.randrange(1, max(2, len(frames.row.data) - 1))
    frames.to(frames.row.data[:place] + frames.row.data[place + 1 :])


def doubled_byte(frames: Frames) -> None:
    place = frames.chance.randrange(len(frames.row.data))
    frames.to(frames.row.data[: place + 1] + frames.row.data[place:])


def noise_between_frames(frames: Frames) -> None:
    frames.to(b"\x55\xaa\x13" + frames.row.data)


def other_bytes_same_fields(frames: Frames) -> None:
    """Text with another line end; frames with an escape that is not needed."""
    data = frames.row.data
    if frames.is_text:
        frames.where(lambda n: frames.rows[n].data.endswith(b"\r\n"))
        frames.to(frames.row.data[:-2] + b"\n")
    else:
        frames.to(data[:-1] + data[-1:] + b"\x00")


def wrong_field(frames: Frames) -> None:
    """A whole frame whose every byte is right, but for one value."""
    fields = [(n, name) for n in frames.places[:-1] for name in _numbers(frames, n)]
    # Each field as likely as every other, however many frames have it.
    names = sorted({(frames.shown(n)["name"], name) for n, name in fields})
    message, field = frames.chance.choice(names)
    change_field(frames, message, field)


def change_field(frames: Frames, message: str, field: str) -> None:
    frames.where(lambda n: frames.shown(n)["name"] == message and field in _numbers(frames, n))
    row = frames.shown(frames.at)
    value = row["fields"][field]
    if isinstance(value, str):
        row["fields"][field] = f"{value} " if frames.is_text else "9.9.9"
    elif isinstance(value, list):
        value = list(value)
        value[0] = not value[0] if isinstance(value[0], bool) else value[0] ^ 1
        row["fields"][field] = value
    else:
        row["fields"][field] = value ^ 1
    try:
        frames.to(frames.said_again(row))
    except WireFormatError:  # with this value the fields after it do not belong there
        names = list(row["fields"])
        kept = names[: names.index(field) + 1]
        row["fields"] = {name: row["fields"][name] for name in kept}
        frames.to(frames.said_again(row))


def _numbers(frames: Frames, at: int) -> list[str]:
    row = frames.shown(at)
    if "exact_payload_hex" in row or "exact_hex" in row or "error" in row:
        return []
    rows = dissector_of(frames.family).not_compared
    left_out = [f for f in row["fields"] if any(one.covers(row["name"], f) for one in rows)]
    return [name for name, value in row["fields"].items() if value is not None
            and name not in left_out and name not in ("payload_hex",)]  # fmt: skip


def changeable(capture: Capture) -> list[tuple[str, str]]:
    """Every field of every message of a capture that is compared."""
    frames = Frames(capture, Random(0))
    return sorted(
        {(frames.shown(n)["name"], f) for n in frames.places[:-1] for f in _numbers(frames, n)}
    )


def other_message(frames: Frames) -> None:
    """The answer to another command, or another line."""
    others = [n for n in frames.places if frames.rows[n].data[-9:] != frames.row.data[-9:]]
    names = [n for n in others if frames.shown(n).get("name") != frames.shown(frames.at)["name"]]
    frames.to(frames.rows[frames.chance.choice(names or others)].data)


def missing(frames: Frames) -> None:
    frames.to()


def three_missing(frames: Frames) -> None:
    gone = frames.places[: frames.places.index(frames.at) + 3][-3:]
    for place in reversed(gone):
        del frames.rows[place]


def said_twice(frames: Frames) -> None:
    frames.to(frames.row.data, frames.row.data)


def extra_message(frames: Frames) -> None:
    """Something that is true at another time, said without being asked."""
    other = frames.rows[frames.chance.choice(frames.places)]
    frames.rows.append(replace(other, t_ns=frames.row.t_ns + 1))


def late(frames: Frames) -> None:
    frames.move(80 * MS)


def very_late(frames: Frames) -> None:
    frames.move(1_500 * MS)


def early(frames: Frames) -> None:
    frames.move(-80 * MS)


def all_late(frames: Frames) -> None:
    """A slow device, or a slow adapter."""
    frames.rows = [
        replace(row, t_ns=row.t_ns + 90 * MS) if row.kind is Kind.RECEIVED else row
        for row in frames.rows
    ]
    frames.at = 0


def swapped(frames: Frames) -> None:
    """Two frames that are said at nearly the same time, in the other order."""
    rows = frames.rows
    following = dict(zip(frames.places, frames.places[1:], strict=False))
    near = [
        n for n, m in following.items()
        if rows[m].t_ns - rows[n].t_ns < 40 * MS and rows[m].data != rows[n].data
    ]  # fmt: skip
    if near:
        frames.at = frames.chance.choice(near)
    other = following.get(frames.at, frames.at - 1)
    rows[frames.at], rows[other] = (
        replace(rows[frames.at], data=rows[other].data),
        replace(rows[other], data=rows[frames.at].data),
    )


def silent_from_here(frames: Frames) -> None:
    frames.rows = [
        row for n, row in enumerate(frames.rows) if n < frames.at or row.kind is not Kind.RECEIVED
    ]


def mute(frames: Frames) -> None:
    frames.rows = [row for row in frames.rows if row.kind is not Kind.RECEIVED]
    frames.at = 0


def zeros(frames: Frames) -> None:
    frames.to(bytes(len(frames.row.data)))


def split_frame_never_ends(frames: Frames) -> None:
    """The last thing that is heard is half a frame."""
    cut = frames.rows[: frames.at]
    frames.rows = [*cut, replace(frames.row, data=frames.row.data[:3])]
    frames.rows += [row for row in frames.capture.rows if row.kind is Kind.SENT and row not in cut]


# By name: what is done to the capture, and as what it may be reported. A line of text that is moved
# past another one of the same words looks like lines in another order.
KINDS: dict[str, tuple[Callable[[Frames], None], set[Sort]]] = {
    "a byte is flipped": (flipped_byte, _NEAR),
    "the checksum is wrong": (wrong_checksum, _NEAR),
    "the length is wrong": (wrong_length, _NEAR),
    "the last byte is lost": (lost_last_byte, _NEAR),
    "the first byte is lost": (lost_first_byte, _NEAR),
    "a byte inside is lost": (lost_byte_inside, _NEAR),
    "a byte is doubled": (doubled_byte, _NEAR),
    "noise stands between two frames": (noise_between_frames, _NEAR),
    "the bytes differ though the fields do not": (other_bytes_same_fields, _NEAR),
    "a field has another value": (wrong_field, _NEAR),
    "another message comes instead": (other_message, _NEAR | _TIMES),
    "a message is missing": (missing, {Sort.MISSING}),
    "three messages are missing": (three_missing, {Sort.MISSING}),
    "a message comes twice": (said_twice, {Sort.EXTRA}),
    "a message comes that nobody asked for": (extra_message, {Sort.EXTRA}),
    "a message is 80 ms late": (late, {Sort.LATE, Sort.ORDER}),
    "a message is 1.5 s late": (very_late, {Sort.LATE}),
    "a message is 80 ms early": (early, {Sort.EARLY, Sort.ORDER}),
    "every message is 90 ms late": (all_late, {Sort.LATE}),
    "two messages are swapped": (swapped, {Sort.ORDER, *_TIMES}),
    "the device falls silent": (silent_from_here, {Sort.MISSING}),
    "the device says nothing at all": (mute, {Sort.MISSING}),
    "a frame is all zeros": (zeros, _NEAR),
    "the last frame never ends": (split_frame_never_ends, {Sort.UNFINISHED}),
}


def damaged(capture: Capture, kind: str, chance: Random) -> tuple[Damaged, set[Sort]]:
    """The capture with one difference of that kind, and as what it may be reported."""
    change, sorts = KINDS[kind]
    frames = Frames(capture, chance)
    change(frames)
    at_ns = frames.rows[frames.at].t_ns if frames.at < len(frames.rows) else 0
    return Damaged(with_rows(capture, frames.rows), at_ns), sorts
