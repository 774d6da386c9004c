"""Captures of twins: whole sessions of stimctl in virtual time, as they come, and as a port sees
them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from random import Random

from stimctl.bench.captured_frames import Said, dissector_of, frames_of, pieces_of
from stimctl.bench.families import twin_of
from stimctl.bench.rehearsal import rehearse
from stimctl.bench.wiretap import capture_of_record
from stimctl.records.captures import Capture, CaptureRow, Kind
from tests.support.long_session import long_plan

PROTOCOLS = {
    "p24": "tens-conventional",
    "rehamove3": "tens-conventional",
    "rehastim2": "tens-conventional",
    "openemsstim": "gate-tens",
}
FAMILIES = tuple(PROTOCOLS)
_EARLIER_NS, _LATER_NS = 200_000, 15_000_000  # the latency of the bench; that of an adapter


@cache
def session_of(
    family: str, seed: int = 0, duration_s: int = 60, turnaround_us: int | None = None
) -> Capture:
    """The capture of a whole session, from connection to verified zero."""
    told = {} if turnaround_us is None else {"turnaround_us": turnaround_us}
    twin = twin_of(family, seed, wiretap=True, **told)
    done = rehearse(long_plan(family, PROTOCOLS[family], 1, duration_s), device=twin)
    assert done.problems == ()
    return capture_of_record(twin.records(), family, origin="twin in virtual time")


# Any number; these are for every day, and the soak takes others.
SEEDS = {"p24": 8_261_417, "rehamove3": 90_210, "rehastim2": 251, "openemsstim": 0}


def usual_session(family: str) -> Capture:
    """The same whole session for all who need only one: it takes seconds to make."""
    return session_of(family, SEEDS[family])


def whole_frames(capture: Capture) -> Capture:
    """The same with one row for each frame of the device."""
    frames = frames_of(pieces_of(capture), dissector_of(capture.header.family))
    others = [row for row in capture.rows if row.kind is not Kind.RECEIVED]
    said = [CaptureRow(one.t_ns, Kind.RECEIVED, one.raw) for one in frames.said]
    return with_rows(capture, [*others, *said])


def until(capture: Capture, end_ns: int) -> Capture:
    """Its beginning."""
    return replace(capture, rows=tuple(row for row in capture.rows if row.t_ns <= end_ns))


def with_rows(capture: Capture, rows: Sequence[CaptureRow]) -> Capture:
    """The same with other rows."""
    return replace(capture, rows=tuple(sorted(rows, key=lambda row: row.t_ns)))


def said_in(capture: Capture) -> tuple[Said, ...]:
    """What the device says in it, frame by frame."""
    return frames_of(pieces_of(capture), dissector_of(capture.header.family)).said


def seen_from_host(capture: Capture, chance: Random) -> Capture:
    """As a busy computer sees it: it notes what it sends before it arrives, and what arrives after
    it was said, but not later than what it sends next, for it has read that by then."""
    rows: list[CaptureRow] = []
    newest_ns = 0
    for row, following_ns in zip(capture.rows, _next_sent(capture), strict=True):
        if row.kind is Kind.RECEIVED:
            latest_ns = max(0, min(_LATER_NS, following_ns - _EARLIER_NS - row.t_ns))
            newest_ns = max(newest_ns, row.t_ns + chance.randint(0, latest_ns))
        else:
            newest_ns = max(newest_ns, row.t_ns - chance.randint(0, _EARLIER_NS))
        rows.append(replace(row, t_ns=newest_ns))
    return with_rows(capture, rows)


def _next_sent(capture: Capture) -> list[int]:
    """For each row, when the host sends something after it."""
    found: list[int] = []
    following_ns = capture.end_ns + _LATER_NS
    for row in reversed(capture.rows):
        found.append(following_ns)
        if row.kind is not Kind.RECEIVED:
            following_ns = row.t_ns
    return found[::-1]
