"""The whole screen as lines: frame, alarm line, the page in front, the message, the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.tui.model.actions import ACTION_BY_ID
from stimctl.tui.model.alarms import Alarm
from stimctl.tui.model.keymap import NO_KEY
from stimctl.tui.model.live import STALE_NS, Live
from stimctl.tui.model.text import Line, line, plain, wrap
from stimctl.tui.old import frame, small

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.old.page import Page

#: The most that an alarm and a message each take.
_MESSAGE_LINES = 4


def window_title(live: Live) -> str:
    """What the window's title says: the output first."""
    kind = "SIM " if live.sim else ""
    if live.state == "unknown":
        return "OUTPUT UNKNOWN - stimctl"
    if live.state == "running":
        on = " ".join(
            f"CH{one.number} {live.measure.text(one.set_level)}"
            for one in live.channels.values()
            if one.set_level
        )
        return f"{kind}OUTPUT ON {on} - stimctl"
    return f"{kind}{live.state} - stimctl"


def facts(desk: Desk) -> list[str]:
    """Person, protocol with its hash, serial number: in the top line of every screen."""
    bed = desk.bed
    choice = bed.choice
    what = f"{choice.name} {choice.short_hash}" if choice else ""
    serial = (
        f"sn {bed.live.serial}"
        if bed.live.serial
        else bed.live.device.partition("/")[0].rstrip(":")
    )
    return [bed.person, what, serial]


def lines(desk: Desk, width: int, height: int) -> list[Line]:
    """The whole screen."""
    desk.width, desk.height = width, height
    live, now_ns = desk.bed.live, desk.clock.mono_ns()
    if small.too_small(width, height):
        return small.emergency(live, now_ns, width, height)
    if live.state == "unknown":
        return small.unknown(live, width, height, desk.clock.wall_text())
    page = desk.front
    alarm = _alarm_line(desk)
    above = _whole(plain(alarm), alarm[0].role if alarm else "text", width)
    below = _whole(desk.message, "refused", width)
    desk.body_top = 1 + len(above)
    room = height - frame.FRAME_LINES - (len(above) - 1) - (len(below) - 1)
    body = page.body(width - 4, room)[:room]
    body += [()] * (room - len(body))
    titled = page.title or desk.page.title
    return [
        frame.top(titled, facts(desk), live, now_ns, desk.clock, width, _way(desk, now_ns)),
        *(frame.inside(one, width) for one in (*above, *body, *below)),
        frame.bottom(*_keys(desk, page, width)),
    ]


def _whole(text: str, role: str, width: int) -> list[Line]:
    """An alarm or a message takes the lines it needs from the page: its end says what to do."""
    return [line((part, role)) for part in wrap(text, width - 4)[:_MESSAGE_LINES]]


def _way(desk: Desk, now_ns: int) -> frame.Way:
    """How this screen hangs on the session: the mode, and how far away the terminal is."""
    return frame.Way(desk.mode, desk.lookout.words(now_ns))


def alarm_now(desk: Desk) -> Alarm | None:
    """What has to be heard and read first: what the face itself sees goes before the rows."""
    live, now_ns = desk.bed.live, desk.clock.mono_ns()
    if live.attend_until_ns is not None:
        left_s = max(0, live.attend_until_ns - now_ns) // 10**9
        answer = f"press any key within {left_s} s, or the output goes to zero"
        return Alarm("attendance", "medium", "ARE YOU THERE?", answer, live.attend_until_ns)
    silent_ns = now_ns - live.newest_ns
    if live.state == "running" and silent_ns > STALE_NS:
        old = f"these numbers are {silent_ns / 1e9:.0f} s old; STOP if in doubt"
        return Alarm("stale", "high", "STALE", old, live.newest_ns)
    return live.alarms.worst()


def _alarm_line(desk: Desk) -> Line:
    live = desk.bed.live
    alarm = alarm_now(desk)
    silent = desk.lookout.silent_words(desk.clock.mono_ns())
    silent = f"   ({silent})" if silent else ""
    if alarm is not None:
        shown = live.alarms.words if alarm == live.alarms.worst() else alarm.words
        return line((f"{shown}{silent}", "wait"))
    if live.asked is None:
        return line((live.alarms.words, "dim")) if live.alarms.words else ()
    about = f"ch{live.asked.channel} " if live.asked.channel else ""
    key = desk.keymap.name_of("answer")
    how = f"({key} answers) " if desk.page.name == "run" else f"(on Run {key} answers) "
    return line((f"{'' if desk.mode else how}please: {about}{live.asked.text}", "notice"))


def _keys(desk: Desk, page: Page, width: int) -> tuple[list[frame.Key], int, frame.Key | None]:
    """What the last line is made of; keys that would be typed into a field are not named."""
    offered = desk.offers()
    typing = page.takes_text and not desk.bed.live.busy
    labels = page.labels

    def told(one: str) -> frame.Key:
        name = desk.keymap.name_of(one, typing=typing)
        return name, labels.get(one, ACTION_BY_ID[one].label), not offered[one]

    names = [one for one in (*page.footer, "back", "quit") if one in offered]
    keys = [key for one in dict.fromkeys(names) if (key := told(one))[0] != NO_KEY]
    return keys, width, told("help") if "help" in offered else None
