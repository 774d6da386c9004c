"""Which frames of a twin and of a captured device belong together, and in what they differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from stimctl.bench.captured_frames import Said

#: A frame of the same kind and number is the same one, late or early, within so much.
_LATEST_NS = 5_000_000_000
_BEYOND_FIELDS = "exact_payload_hex"


class Sort(StrEnum):
    """The sorts of differences."""

    FIELD = "field"
    """A field of a message has another value."""
    BYTES = "bytes"
    """All fields are the same and the bytes are not."""
    DAMAGED = "damaged"
    """The capture has a damaged frame: checksum, length, order of bytes."""
    MISSING = "missing"
    """The twin says something that the device did not say."""
    EXTRA = "extra"
    """The device said something that the twin does not say."""
    LATE = "late"
    """The device said it later than the twin, by more than the tolerance."""
    EARLY = "early"
    """The device said it earlier than the twin, by more than the tolerance."""
    ORDER = "order"
    """The device said it before what the twin says before it."""
    UNFINISHED = "unfinished"
    """The capture has the beginning of a frame, and never its end."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `t_ns`: in the time of the capture. `offset`: of the first byte it is about
    among all that came from the device; of what is missing, where it would be.

    `twin`, `capture`: the two values; times in ms where the sort is about time.
    """

    sort: Sort
    t_ns: int
    offset: int
    message: str
    field: str = ""
    twin: Any = None
    capture: Any = None

    def as_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        return asdict(self)

    def __str__(self) -> str:
        place = f"{self.t_ns / 1e9:.6f} s, byte {self.offset}: {self.message}"
        match self.sort:
            case Sort.FIELD:
                said = f"{self.field}: twin {self.twin!r}, capture {self.capture!r}"
            case Sort.BYTES:
                said = f"same fields, other bytes: twin {self.twin}, capture {self.capture}"
            case Sort.DAMAGED:
                said = f"damaged ({self.field}): twin {self.twin}, capture {self.capture}"
            case Sort.MISSING:
                said = f"missing in the capture; the twin says {self.twin}"
            case Sort.EXTRA:
                said = f"the twin does not say it; capture {self.capture}"
            case Sort.LATE | Sort.EARLY:
                said = f"{self.sort}: twin at {self.twin} ms, capture at {self.capture} ms"
            case Sort.ORDER:
                said = f"comes before {self.capture}, with the twin after it"
            case Sort.UNFINISHED:
                said = f"begins and never ends: capture {self.capture}"
        return f"{place}: {said}"


@dataclass(frozen=True, slots=True)
class Pair:
    """The same answer of twin and capture."""

    twin: Said
    capture: Said

    @property
    def later_ns(self) -> int:
        """How much later the device was."""
        return self.capture.t_ns - self.twin.t_ns


@dataclass(frozen=True, slots=True)
class Pairing:
    """What belongs together: with the same key (`same`), or in the same place only (`unlike`)."""

    same: tuple[Pair, ...]
    unlike: tuple[Pair, ...]
    missing: tuple[Said, ...]
    extra: tuple[Said, ...]


def pair_up(twin: Sequence[Said], capture: Sequence[Said], tolerance_ns: int) -> Pairing:
    """Pair frames: the same at the same time, then the same at another, then what is left."""
    near, twin_left, capture_left = _by_key(twin, capture, tolerance_ns)
    late, twin_left, capture_left = _by_key(twin_left, capture_left, _LATEST_NS)
    unlike, twin_left, capture_left = _in_order(twin_left, capture_left, tolerance_ns)
    same = sorted([*near, *late], key=lambda pair: (pair.twin.t_ns, pair.twin.offset))
    return Pairing(tuple(same), tuple(unlike), tuple(twin_left), tuple(capture_left))


_Left = tuple[list[Pair], list[Said], list[Said]]


def _by_key(twin: Sequence[Said], capture: Sequence[Said], within_ns: int) -> _Left:
    sides: dict[tuple[object, ...], tuple[list[Said], list[Said]]]
    sides = defaultdict(lambda: ([], []))
    for one in twin:
        sides[one.key][0].append(one)
    for one in capture:
        sides[one.key][1].append(one)
    pairs, twin_left, capture_left = [], [], []
    for ours, theirs in sides.values():
        found, left, right = _in_order(ours, theirs, within_ns)
        pairs += found
        twin_left += left
        capture_left += right
    twin_left.sort(key=_place)
    capture_left.sort(key=_place)
    return pairs, twin_left, capture_left


def _in_order(twin: Sequence[Said], capture: Sequence[Said], within_ns: int) -> _Left:
    """Pair the first of both that are near enough, and so on; what is over stays."""
    pairs, twin_left, capture_left = [], [], []
    at = 0
    for one in twin:
        while at < len(capture) and capture[at].t_ns < one.t_ns - within_ns:
            capture_left.append(capture[at])
            at += 1
        if at < len(capture) and capture[at].t_ns <= one.t_ns + within_ns:
            pairs.append(Pair(one, capture[at]))
            at += 1
        else:
            twin_left.append(one)
    return pairs, twin_left, [*capture_left, *capture[at:]]


def _place(said: Said) -> tuple[int, int]:
    return said.t_ns, said.offset


def field_differences(
    pair: Pair, skipped: Callable[[str, str], bool] = lambda _message, _field: False
) -> Iterator[Difference]:
    """In which fields two frames differ. `skipped`: message and field that are not compared."""
    twin, capture = pair.twin, pair.capture
    if twin.raw == capture.raw:
        return
    place = (capture.t_ns, capture.offset + _first_difference(twin.raw, capture.raw))
    if capture.is_damaged or twin.is_damaged:
        told = capture.row if capture.is_damaged else twin.row
        what = " ".join(
            f"{key} {told[key]}" for key in ("error", "found", "expected") if key in told
        )
        name = twin.name if capture.is_damaged else capture.name
        yield Difference(Sort.DAMAGED, *place, name, what, twin.raw.hex(), capture.raw.hex())
        return
    ours, theirs = flat(twin.row), flat(capture.row)
    named = [name for name in dict.fromkeys([*ours, *theirs]) if ours.get(name) != theirs.get(name)]
    # What the bytes say beyond the fields counts where no field tells it.
    named = [name for name in named if name != _BEYOND_FIELDS] or named
    left = [name for name in named if not skipped(capture.name, name)]
    for name in left:
        yield Difference(Sort.FIELD, *place, capture.name, name, ours.get(name), theirs.get(name))
    if not named:
        yield Difference(Sort.BYTES, *place, capture.name, "", twin.raw.hex(), capture.raw.hex())


def order_differences(pairs: Sequence[Pair], tolerance_ns: int) -> Iterator[Difference]:
    """Frames that were said in another order, though each at about its time."""
    timely = [pair for pair in pairs if abs(pair.later_ns) <= tolerance_ns]
    for before, after in pairwise(timely):
        if after.capture.offset < before.capture.offset:
            said = after.capture
            yield Difference(
                Sort.ORDER, said.t_ns, said.offset, said.name, "", None, before.capture.name
            )


def time_differences(pairs: Sequence[Pair], tolerance_ns: int) -> Iterator[Difference]:
    """Frames that came too late or too early."""
    for pair in pairs:
        if abs(pair.later_ns) > tolerance_ns:
            yield Difference(
                Sort.LATE if pair.later_ns > 0 else Sort.EARLY,
                pair.capture.t_ns,
                pair.capture.offset,
                pair.capture.name,
                "",
                _ms(pair.twin.t_ns),
                _ms(pair.capture.t_ns),
            )


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a row by their path: `name`, `channels[0].current_ua`, ..."""
    told = dict(_flat("", row.get("fields", {})))
    for name in ("name", _BEYOND_FIELDS):
        if name in row:
            told[name] = row[name]
    return told


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{path}.{name}" if path else str(name), inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _flat(f"{path}[{number}]", inner)
    else:
        yield path, value


def _first_difference(ours: bytes, theirs: bytes) -> int:
    for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        if one != other:
            return number
    return min(len(ours), len(theirs))


def _ms(t_ns: int) -> float:
    return round(t_ns / 1e6, 3)
