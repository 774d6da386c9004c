"""The whole screen as lines: frame, alarm line, the page in front, the message, the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.tui import frame, small
from stimctl.tui.actions import ACTION_BY_ID
from stimctl.tui.live import Live
from stimctl.tui.text import Line, fit, line

if TYPE_CHECKING:
    from stimctl.tui.desk import Desk
    from stimctl.tui.page import Page


def window_title(live: Live) -> str:
    """What the window's title says: the output first."""
    kind = "SIM " if live.sim else ""
    if live.state == "unknown":
        return "OUTPUT UNKNOWN - stimctl"
    if live.state == "running":
        on = " ".join(
            f"CH{one.number} {one.set_ua / 1000:.1f} mA"
            for one in live.channels.values()
            if one.set_ua
        )
        return f"{kind}OUTPUT ON {on} - stimctl"
    return f"{kind}{live.state} - stimctl"


def facts(desk: Desk) -> list[str]:
    """Person, protocol with its hash, serial number: in the top line of every screen."""
    bed = desk.bed
    choice = bed.choice
    what = f"{choice.name} {choice.short_hash}" if choice else ""
    serial = f"sn {bed.live.serial}" if bed.live.serial else ""
    return [bed.person, what, serial]


def lines(desk: Desk, width: int, height: int) -> list[Line]:
    """The whole screen."""
    live, now_ns = desk.bed.live, desk.clock.mono_ns()
    if small.too_small(width, height):
        return small.emergency(live, now_ns, width, height)
    if live.state == "unknown":
        return small.unknown(live, width, height, desk.clock.wall_text())
    page = desk.front
    room = height - frame.FRAME_LINES
    body = page.body(width - 4, room)[:room]
    body += [()] * (room - len(body))
    titled = page.title or desk.page.title
    return [
        frame.top(titled, facts(desk), live, now_ns, desk.clock, width, desk.mode),
        frame.inside(_alarm_line(live, now_ns), width),
        *(frame.inside(one, width) for one in body),
        frame.inside(fit(line((desk.message, "refused")), width - 4), width),
        frame.bottom(*_keys(desk, page, width)),
    ]


def _alarm_line(live: Live, now_ns: int) -> Line:
    if live.attend_until_ns is not None:
        left_s = max(0, live.attend_until_ns - now_ns) // 10**9
        return line((f"!! ARE YOU THERE? Press any key: {left_s} s, then to zero", "wait"))
    if live.alarm:
        return line((live.alarm, "wait"))
    return line((f"please: {live.prompt}", "notice")) if live.prompt else ()


def _keys(desk: Desk, page: Page, width: int) -> tuple[list[frame.Key], int, frame.Key | None]:
    """What the last line is made of; keys that would be typed into a field are not named."""
    offered = desk.offers()
    typing = page.takes_text and not desk.bed.live.busy
    labels = page.labels

    def told(one: str) -> frame.Key:
        name = desk.keymap.name_of(one, typing=typing)
        return name, labels.get(one, ACTION_BY_ID[one].label), not offered[one]

    names = [one for one in (*page.footer, "back", "quit") if one in offered]
    keys = [told(one) for one in dict.fromkeys(names)]
    return keys, width, told("help") if "help" in offered else None
