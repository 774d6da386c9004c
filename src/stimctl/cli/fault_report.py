"""A rehearsal in which something went wrong, in words: what happened, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from stimctl.cli.output import put, styled
from stimctl.errors import ExitCode
from stimctl.quantity import format_duration
from stimctl.session.row_base import Kind

if TYPE_CHECKING:
    from stimctl.bench import FaultRehearsal
    from stimctl.session.events import SessionEvent

# These come by the hundred and are counted, not listed.
_COUNTED = frozenset(
    {Kind.TELEMETRY, Kind.ACK, Kind.SET, Kind.RAISE, Kind.CONTRACTION, Kind.CONTRACTED}
)
_US_PER_S = 1_000_000
_WIDEST = 50
_ROW_HEAD = frozenset({"kind", "at_us", "event", "fault", "channel"})


def put_happenings(rehearsal: FaultRehearsal) -> None:
    """Session, faults and device in the order of time; then the person."""
    put("\nwhat happened (minutes:seconds of virtual time since the connection)")
    # At the same time the device comes first: what the session does about it is told after.
    lines = [*_row_lines(rehearsal), *_session_lines(rehearsal.events)]
    for at_us, word, text in sorted(lines, key=lambda line: line[0]):
        _put_line(at_us, word, text)
    for fault in rehearsal.never_begun:
        put(f"  never      fault          {fault}: the session had ended before")
    _put_counts(rehearsal.events)
    _put_person(rehearsal)


def put_session(events: tuple[SessionEvent, ...]) -> None:
    """The events of a session alone."""
    for at_us, word, text in _session_lines(events):
        _put_line(at_us, word, text)
    _put_counts(events)


def put_ending(rehearsal: FaultRehearsal) -> None:
    """The end, the verdict, and why there is nothing to confirm a run with."""
    ending = rehearsal.ending
    put(f"\nended      {ending.state.value}" + (f": {ending.reason}" if ending.reason else ""))
    put(f"electrodes {_electrodes_text(rehearsal)}")
    told = "zero was verified by the session" if ending.confirmed else "OUTPUT NOT CONFIRMED"
    put(f"confirmed  {told}")
    code = rehearsal.exit_code
    if code is ExitCode.DONE:
        put(f"\n{styled('ok', 'green')}: the session ran to its end as planned, and ended at zero")
    elif code is ExitCode.REFUSED:
        course = _course(rehearsal)
        put(f"\n{styled('ended safely', 'yellow')}: the session {course}, zero at the end")
    else:
        put(f"\n{styled('NOT SAFE', 'red')}: {_unsafe_text(rehearsal)}")
        if not ending.confirmed:
            put(f"  instruction to the operator: {rehearsal.stop_instruction}")
    for problem in dict.fromkeys(rehearsal.problems):
        put(f"  - {problem}")


def put_withheld(why: str) -> None:
    """Why there are no four characters."""
    put(f"confirm    none: {why}. Rehearse without --scenario, --fault and --lock-step for it")


def time_text(at_us: int) -> str:
    """Minutes, seconds and milliseconds."""
    minutes, rest_us = divmod(at_us, 60 * _US_PER_S)
    return f"{minutes:3d}:{rest_us / _US_PER_S:06.3f}"


def _short(value: object) -> str:
    """A value in few characters."""
    text = str(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _put_line(at_us: int, word: str, text: str) -> None:
    put(f"  {time_text(at_us)}  {word:<14} {text}".rstrip())


def _electrodes_text(rehearsal: FaultRehearsal) -> str:
    ending = rehearsal.ending
    if not ending.recorded:
        told = "may still flow" if ending.output_left else "has ended"
        return f"this firmware keeps no record; it says that current {told}"
    if ending.output_left:
        return "current may still flow"
    if ending.last_output_us is None:
        return "there was never any output"
    if ending.after_us is None:
        return f"last output at {time_text(ending.last_output_us).strip()}, without a stop"
    if ending.after_us == 0:
        return "zero as soon as the stop was sent, and to the end"
    after, allowed = format_duration(ending.after_us), format_duration(ending.allowed_us)
    return f"zero {after} after the first stop was sent (at most {allowed} are allowed)"


def _course(rehearsal: FaultRehearsal) -> str:
    if rehearsal.ending.completed:
        return "ran to its end, but not as planned"
    return "never began" if rehearsal.ending.stopped_us is None else "was stopped"


def _unsafe_text(rehearsal: FaultRehearsal) -> str:
    ending = rehearsal.ending
    if ending.in_time:
        return "there was no output any more, but the session could not confirm it"
    if ending.confirmed:
        return "the session confirmed zero, and the electrodes say otherwise"
    return "the output did not end in time, and the session could not confirm zero"


def _session_lines(events: tuple[SessionEvent, ...]) -> Iterator[tuple[int, str, str]]:
    for event in events:
        if event.kind not in _COUNTED:
            told = "  ".join(f"{name}={_short(value)}" for name, value in event.data.items())
            yield event.at_ns // 1_000, event.kind.value, told


def _put_counts(events: tuple[SessionEvent, ...]) -> None:
    counts: dict[str, int] = {}
    for event in events:
        if event.kind in _COUNTED:
            counts[event.kind.value] = counts.get(event.kind.value, 0) + 1
    if counts:
        put("  and " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))


def _row_lines(rehearsal: FaultRehearsal) -> Iterator[tuple[int, str, str]]:
    """Every fault; of what the device notes, the first of each kind and how many there were."""
    noted: dict[str, list[dict[str, Any]]] = {}
    for row in map(dict, rehearsal.rows):
        if row["kind"] == "fault":
            yield row["at_us"], "fault", f"{row['fault']} {row['event']}{_rest(row)}"
        elif row["kind"] != "body":
            noted.setdefault(row["event"], []).append(row)
    for event, rows in noted.items():
        times = f"  ({len(rows)} times)" if len(rows) > 1 else ""
        yield rows[0]["at_us"], "device", f"{event}{_rest(rows[0])}{times}"


def _put_person(rehearsal: FaultRehearsal) -> None:
    """The first of each response of each site, and how often it came."""
    told: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in map(dict, rehearsal.rows):
        if row["kind"] == "body":
            told.setdefault((row["channel"], f"{row['event']}{_rest(row)}"), []).append(row)
    if not told:
        return
    put("\nthe person (virtual; the first of each response)")
    for (channel, text), rows in told.items():
        where = f"channel {channel}" if channel else "-"
        times = f"  ({len(rows)} times)" if len(rows) > 1 else ""
        put(f"  {time_text(rows[0]['at_us'])}  {where:<14} {text}{times}")


def _rest(row: dict[str, Any]) -> str:
    told = {name: value for name, value in row.items() if name not in _ROW_HEAD}
    told |= told.pop("parameters", {})
    return "".join(f"  {name}={_short(value)}" for name, value in told.items())
