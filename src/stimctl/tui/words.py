"""Rows of a session in one sentence each: for the log on the screen and for `--plain`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from stimctl.quantity import format_duration
from stimctl.supervisor.stop_face_names import stop_face_words
from stimctl.tui.measure import measure_of_row

Row = Mapping[str, Any]
_MARKERS = {"high": "!!!", "medium": "!!", "low": "!"}
PULL = "PULL THE ELECTRODE CABLE / SWITCH OFF THE DEVICE"


def alarm_marker(priority: str) -> str:
    """What stands before an alarm, by the conventions of IEC 60601-1-8 (M+)."""
    return _MARKERS.get(priority, "")


def local_time(row: Row, *, thousandths: bool = False) -> str:
    """The local time of a row; of now where it has none (a row made by the face itself)."""
    try:
        at = datetime.fromisoformat(str(row["t"])[:26].rstrip("Z")).replace(tzinfo=UTC)
    except (KeyError, ValueError):
        at = datetime.now(UTC)
    local = at.astimezone()
    return (
        f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}" if thousandths else f"{local:%H:%M:%S}"
    )


def clock_text(us: int) -> str:
    """Microseconds as mm:ss, rounded up so that 00:00 means over."""
    minutes, seconds = divmod(-(-us // 1_000_000), 60)
    return f"{minutes:02d}:{seconds:02d}"


def duration_text(us: int) -> str:
    """A duration as a person reads it: with the unit's sign, not its letters for typing."""
    return format_duration(us).removesuffix("us") + "µs" if us < 1_000 else format_duration(us)


def words_of(row: Row) -> str | None:
    """The row in words; None for those that come by the second, or say nothing to a person."""
    speak = _WORDS.get(str(row["kind"]))
    return None if speak is None else speak(row)


def _refused(row: Row) -> str:
    channel = f" channel {row['channel']}" if row.get("channel") else ""
    measure = measure_of_row(row)
    asked = row.get(measure.scale.asked)
    to = f" to {measure.short(asked)}" if isinstance(asked, int) else ""
    return f"refused: {row.get('intent', '')}{channel}{to}: {row.get('reason', '')}"


def _limit(row: Row) -> str:
    measure = measure_of_row(row)
    names = (measure.scale.asked, measure.scale.allowed)
    asked, allowed = (measure.short(int(row[name])) for name in names)
    return f"refused: channel {row['channel']} {asked}: ceiling {allowed} ({row['limit']})"


def _set(row: Row) -> str:
    return f"channel {row['channel']} set to {_plateau(row)}"


def _plateau(row: Row) -> str:
    measure = measure_of_row(row)
    return measure.short(int(row[measure.scale.plateau]))


def _state(row: Row) -> str:
    return f"{str(row['state']).upper()}: {row.get('why', '')}"


def _pending(row: Row) -> str:
    outcome = {"taken": "pending", "applied": "applied", "discarded": "discarded"}
    word = outcome.get(str(row["outcome"]), str(row["outcome"]))
    return f"channel {row['channel']} {_plateau(row)} {word}: {row.get('reason', '')}"


def _attendance(row: Row) -> str:
    if not row.get("prompt"):
        return "attendance: answered"
    seconds = int(row.get("answer_within_us", 0)) // 1_000_000
    return f"ARE YOU THERE? Any key within {seconds} s, or the output ramps to zero"


def _identity(row: Row) -> str:
    serial, firmware = (row.get(name) or "not told" for name in ("serial", "firmware"))
    return f"identified: serial {serial}, firmware {firmware}"


def _linked(row: Row) -> str:
    groups = [" and ".join(str(one) for one in group) for group in row["groups"]]
    return f"linked: channels {'; '.join(groups)}" if groups else "no channels are linked"


def _stopping(row: Row) -> str | None:
    if row.get("purpose") in ("arm", "trip"):
        return None  # nothing was on: zero is only looked at once more
    return f"STOPPING: {row.get('reason', '')}"


def _zero(row: Row) -> str:
    word = "zero verified" if row.get("purpose") in ("arm", "trip") else "OUTPUT OFF: zero verified"
    return f"{word} after {int(row.get('after_us', 0)) // 1000} ms"


def _alarm(row: Row) -> str:
    marker = alarm_marker(str(row["priority"]))
    return f"{marker} ALARM ({row['priority']}): {row['what']}; {row['action']}".strip()


_WORDS: Mapping[str, Callable[[Row], str | None]] = {
    "hello": lambda row: f"supervisor ready for {row['device']}",
    "identity": _identity,
    "connect_failed": lambda row: f"no connection: {row['reason']}",
    "journal": lambda row: f"journal of session {row['session']}",
    "state": _state,
    "plan": lambda row: f"plan {str(row['digest'])[:8]} loaded",
    "dead_man": lambda row: f"dead-man trip: {row['outcome']}",
    "set": _set,
    "pending": _pending,
    "linked": _linked,
    "contraction": lambda row: f"contraction {row['number']} of channel {row['channel']}",
    "withheld": lambda row: f"channel {row['channel']} kept off: {row['reason']}",
    "contracted": lambda row: f"contraction {row['number']} of channel {row['channel']} is over",
    "channel_found": lambda row: f"channel {row['channel']} found at {row['site']}",
    "leads_checked": lambda row: f"leads checked ({row['by']}), which was: {row['was']}",
    "refused": _refused,
    "limit": _limit,
    "link": lambda row: f"link {row['quality']}: {row.get('reason', '')}",
    "alarm": _alarm,
    "attendance": _attendance,
    "prompt": lambda row: f"please: {row.get('text', row.get('prompt', ''))}",
    "stopping": _stopping,
    "zero_verified": _zero,
    "unknown": lambda row: f"OUTPUT UNKNOWN: {PULL}. {row.get('reason', '')}",
    "ended": lambda row: f"ended: {row['outcome']}, {row.get('reason', '')}",
    "note": lambda row: f"{row.get('topic', 'note')}: {row.get('text', '')}",
    "error": lambda row: f"error: {row.get('what', '')} {row.get('why', '')}",
    "fatal": lambda row: f"the supervisor failed: {row.get('error', {}).get('what', '')}",
    "stop_face": stop_face_words,
    "clock": lambda row: f"the clock of this computer was moved by {row.get('step_us')} us",
}
