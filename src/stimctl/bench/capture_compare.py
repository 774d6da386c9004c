"""Compares a capture of a device with its twin: answers field by field, and their times."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stimctl.bench.capture_differences import (
    Difference,
    Pair,
    Pairing,
    Sort,
    field_differences,
    flat,
    order_differences,
    pair_up,
    time_differences,
)
from stimctl.bench.captured_frames import (
    Frames,
    Said,
    dissector_of,
    frames_of,
    pieces_of,
    replay,
)
from stimctl.bench.captured_twin import twin_beside
from stimctl.records.captures import Capture, Kind, read_capture
from stimctl.wire.not_compared import NotCompared

#: How much earlier or later than its twin a device may answer. A twin answers as fast as documents
#: say; an adapter with its latency timer at 16 ms and a busy computer come on top.
TOLERANCE_NS = 50_000_000
_MOST_VALUES = 5


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A field that was not compared: in how many messages, and what both sides say there."""

    row: NotCompared
    messages: int
    twin: tuple[Any, ...]
    capture: tuple[Any, ...]

    def as_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        told = {"messages": self.messages, "twin": list(self.twin), "capture": list(self.capture)}
        return {**self.row._asdict(), **told}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison has found.

    `compared`: how many messages of the capture were compared with one of the twin. `later_ns`:
    median and largest time by which the device answered later than the twin; None without answers.
    """

    family: str
    device: tuple[str, str]
    tolerance_ns: int
    compared: int
    differences: tuple[Difference, ...]
    left_out: tuple[LeftOut, ...]
    later_ns: tuple[int, int] | None
    notes: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def as_dict(self) -> dict[str, Any]:
        """Its JSON form."""
        median, largest = self.later_ns or (None, None)
        return {
            "family": self.family,
            "serial_number": self.device[0],
            "firmware": self.device[1],
            "same": self.same,
            "tolerance_ns": self.tolerance_ns,
            "messages_compared": self.compared,
            "later_median_ns": median,
            "later_largest_ns": largest,
            "differences": [one.as_dict() for one in self.differences],
            "not_compared": [one.as_dict() for one in self.left_out],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """Every difference in a line, for a failed test."""
        return "\n".join([f"{len(self.differences)} differences", *map(str, self.differences)])


def compare_file(
    path: Path,
    options: Sequence[str] = (),
    *,
    tolerance_ns: int = TOLERANCE_NS,
    cut_ok: bool = False,
) -> Comparison:
    """Compare the capture in a file with the twin of its device; see `compare`."""
    return compare(read_capture(path, cut_ok=cut_ok), options, tolerance_ns=tolerance_ns)


def compare(
    capture: Capture, options: Sequence[str] = (), *, tolerance_ns: int = TOLERANCE_NS
) -> Comparison:
    """Feed a twin what the host sent, when it did, and compare what it says with the capture.

    `options`: of the twin, as on its command line (`--load`, `--turnaround`, `--fault`, ...).
    Raises UsageError for a family that has no twin or no dissector, and for invalid options.
    """
    family = capture.header.family
    dissector = dissector_of(family)
    captured = frames_of(pieces_of(capture), dissector)
    standing = twin_beside(family, captured, options)
    said = replay(capture, standing.twin, shift_ns=standing.shift_ns, beyond_ns=tolerance_ns)
    twin = frames_of(said, dissector)
    pairing = pair_up(twin.said, captured.said, tolerance_ns)
    missing: list[Said] = []
    unread: list[Said] = []
    for one in pairing.missing:
        (unread if _was_unread(one, capture, tolerance_ns) else missing).append(one)
    found = _differences(dissector.not_compared, pairing, missing, captured, tolerance_ns)
    found += _never_ended(captured, [*twin.unfinished, *unread], tolerance_ns)
    later = [pair.later_ns for pair in pairing.same]
    return Comparison(
        family=family,
        device=capture.device,
        tolerance_ns=tolerance_ns,
        compared=len(pairing.same) + len(pairing.unlike),
        differences=tuple(sorted(found, key=lambda one: (one.t_ns, one.offset))),
        left_out=_left_out(dissector.not_compared, [*pairing.same, *pairing.unlike]),
        later_ns=(round(statistics.median(later)), max(later, key=abs)) if later else None,
        notes=(*standing.taken, *_notes(capture, len(unread))),
    )


def _differences(
    left_out: tuple[NotCompared, ...],
    pairing: Pairing,
    missing: Iterable[Said],
    captured: Frames,
    tolerance_ns: int,
) -> list[Difference]:
    def skipped(message: str, field: str) -> bool:
        return any(row.covers(message, field) for row in left_out)

    found: list[Difference] = []
    for pair in (*pairing.same, *pairing.unlike):
        found += field_differences(pair, skipped)
    found += order_differences(pairing.same, tolerance_ns)
    found += time_differences(pairing.same, tolerance_ns)
    for one in missing:
        place = _place_in(captured, one.t_ns)
        found.append(Difference(Sort.MISSING, one.t_ns, place, one.name, twin=one.raw.hex()))
    for one in pairing.extra:
        sort = Sort.DAMAGED if one.is_damaged else Sort.EXTRA
        name = "no message" if one.is_damaged else one.name
        what = str(one.row.get("error", ""))
        found.append(Difference(sort, one.t_ns, one.offset, name, what, capture=one.raw.hex()))
    return found


def _never_ended(
    captured: Frames, expected: Iterable[Said], tolerance_ns: int
) -> Iterable[Difference]:
    """Beginnings of frames, but those that the twin was about to say, too, when the port closed."""
    for one in captured.unfinished:
        if not any(
            abs(other.t_ns - one.t_ns) <= tolerance_ns
            and (other.raw.startswith(one.raw) or one.raw.startswith(other.raw))
            for other in expected
        ):
            told = one.raw.hex()
            yield Difference(Sort.UNFINISHED, one.t_ns, one.offset, "no message", capture=told)


def _place_in(captured: Frames, t_ns: int) -> int:
    """Where among the captured bytes something would stand that was said at this time."""
    after = [one.offset for one in captured.said if one.t_ns > t_ns]
    last = captured.said[-1] if captured.said else None
    return after[0] if after else 0 if last is None else last.offset + len(last.raw)


def _was_unread(one: Said, capture: Capture, tolerance_ns: int) -> bool:
    """Whether the host may not have read this: the port was closed then or soon after, or was being
    opened, which throws away what has come, and the host had said nothing yet."""
    if one.t_ns + tolerance_ns >= capture.end_ns:
        return True
    is_open, heard_from_ns = False, 0
    for row in capture.rows:
        if row.t_ns > one.t_ns + tolerance_ns:
            break
        if row.kind is Kind.OPENED and row.t_ns <= one.t_ns:
            is_open, heard_from_ns = True, row.t_ns + tolerance_ns
        elif row.kind is Kind.CLOSED:
            is_open = False
        elif row.kind is Kind.SENT and row.t_ns <= one.t_ns:
            heard_from_ns = 0
    return not is_open or one.t_ns < heard_from_ns


def _left_out(left_out: tuple[NotCompared, ...], pairs: Sequence[Pair]) -> tuple[LeftOut, ...]:
    found: dict[NotCompared, list[tuple[Any, Any]]] = {}
    for pair in pairs:
        if pair.twin.is_damaged or pair.capture.is_damaged:
            continue
        ours, theirs = flat(pair.twin.row), flat(pair.capture.row)
        rows: dict[NotCompared, list[str]] = {}
        for field in theirs:
            for row in left_out:
                if row.covers(pair.capture.name, field):
                    rows.setdefault(row, []).append(field)
        for row, fields in rows.items():
            values = (
                tuple(ours.get(field) for field in fields),
                tuple(theirs[field] for field in fields),
            )
            found.setdefault(row, []).append(values)
    return tuple(
        LeftOut(
            row, len(told), _distinct(one for one, _ in told), _distinct(two for _, two in told)
        )
        for row, told in found.items()
    )


def _distinct(values: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The first few different values; a field with parts as a list of them."""
    distinct = list(dict.fromkeys(values))[:_MOST_VALUES]
    return tuple(value[0] if len(value) == 1 else list(value) for value in distinct)


def _notes(capture: Capture, unread: int) -> Iterable[str]:
    if not capture.whole:
        yield "the capture has no end: the file was cut"
    gaps = sum(row.rows for row in capture.of(Kind.GAP))
    if gaps:
        yield f"{gaps} rows are missing in the capture: the twin has not heard all that was sent"
    discarded = sum(1 for _ in capture.of(Kind.DISCARDED))
    if discarded:
        yield (
            f"{discarded} times the host discarded what had not left its computer: the device may "
            "not have heard the end of what was sent before"
        )
    if unread:
        yield f"{unread} messages of the twin come while the port is not open: not compared"
