"""Which events of a session are markers, of when they are, and what they say. No input or output.

`at_ns` is of the monotonic clock of the computer that runs the session: the moment of the event,
not the moment at which anybody hears of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stimctl.session import host_rows, rows
from stimctl.session.events import event_of

Row = Mapping[str, Any]
_MARK = "mark"


@dataclass(frozen=True, slots=True)
class Marker:
    """One moment. `text` is `kind` with what belongs to it, in words without a comma or a line end.

    `edge`: it is short enough and rare enough to be an edge on a control line.
    """

    at_ns: int
    kind: str
    text: str
    edge: bool


def marker_of(row: Row) -> Marker | None:
    """The marker of a row; None for the many that are none."""
    event, at_ns = event_of(row), int(row.get("mono_ns", 0))
    match event:
        case rows.PulseAcked(channel, amplitude_ua, _, _, sent_ns):
            return _marker(sent_ns, "pulse", channel=channel, level_ua=amplitude_ua, edge=True)
        case rows.LevelSet(channel, level, "uA", by):
            return _marker(at_ns, "level", channel=channel, level_ua=level, by=by)
        case rows.LevelSet(channel, level, _, by):
            return _marker(at_ns, "level", channel=channel, level_percent=level, by=by)
        case rows.Contraction(channel, number):
            return _marker(at_ns, "contraction", channel=channel, number=number, edge=True)
        case rows.StageBegun(number, name):
            return _marker(at_ns, "stage", number=number, name=name, edge=True)
        case rows.Followed(channel, _, _, phase):
            return _marker(at_ns, "follow", channel=channel, phase=phase)
        case rows.StateEntered(state):
            return _marker(at_ns, "state", state=state, edge=state == "running")
        case rows.Stopping():
            return _marker(at_ns, "stop")
        case rows.ZeroVerified():
            return _marker(at_ns, "zero")
        case host_rows.Note(fields) if fields.get("topic") == _MARK:
            return _marker(int(row.get("at_ns", at_ns)), "mark", text=fields["text"], edge=True)
    return None


def _marker(at_ns: int, kind: str, *, edge: bool = False, **told: object) -> Marker:
    words = (f"{name}={_plain(value)}" for name, value in told.items())
    return Marker(at_ns, kind, " ".join([kind, *words]), edge)


def _plain(value: object) -> str:
    return " ".join(str(value).replace(",", ";").split())
