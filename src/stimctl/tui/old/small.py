"""The views that replace every screen: a tiny terminal, and an output that is not confirmed."""

from __future__ import annotations

from stimctl.supervisor.phrases import PULL
from stimctl.tui.model.live import Live
from stimctl.tui.model.sizes import HEIGHT_MIN, WIDTH_MIN
from stimctl.tui.model.text import Line, fit, line, wrap
from stimctl.tui.old.frame import state_span

#: `● STIM 29:57` beside nothing, `SPACE = STOP` below it.
_LEAST_WIDTH, _LEAST_HEIGHT = 12, 2


def too_small(width: int, height: int) -> bool:
    """Whether the screens do not fit; arming is refused then."""
    return width < WIDTH_MIN or height < HEIGHT_MIN


def unreadable(width: int, height: int) -> bool:
    """Whether not even the state and the STOP key can be read (H31): what is on is stopped."""
    return width < _LEAST_WIDTH or height < _LEAST_HEIGHT


def emergency(live: Live, now_ns: int, width: int, height: int) -> list[Line]:
    """State, currents and the STOP key, in 20 by 5 cells and up."""
    span = state_span(live, now_ns)
    shown = [line((span.text.removesuffix(" left"), span.role))]
    known = [one for one in live.channels.values() if one.set_level] if live.busy else []
    if live.state == "unknown":
        shown += [line((text, "alarm")) for text in wrap(PULL, width)]
    elif known:
        told = " ".join(f"ch{one.number} {live.measure.digits(one.set_level)}" for one in known)
        shown += [line(text) for text in wrap(f"set {told} {live.measure.unit}", width)]
    elif not live.busy:
        need = f"too small: {width}x{height}, needed {WIDTH_MIN}x{HEIGHT_MIN}; no arming"
        shown += [line(text) for text in wrap(need, width)]
    if live.attend_until_ns is not None:
        shown.insert(1, line(("ANY KEY: there?", "wait")))
    shown = shown[: max(1, height - 1)]
    shown.append(line(("SPACE = STOP", "key"), f" {'SIM' if live.sim else ''}"))
    return [fit(one, width) for one in shown[:height]]


def unknown(live: Live, width: int, height: int, wall: str) -> list[Line]:
    """The one red screen."""
    seconds = f"{wall}  STOP is being repeated. Nothing will resume."
    words = [
        "!!!  OUTPUT UNKNOWN  !!!",
        "",
        PULL,
        "",
        f"why: {live.unknown or live.why}",
        live.unknown_what_to_do,
        "",
        seconds,
        f"device {live.device or '?'}   serial {live.serial or '?'}   "
        f"{'SIMULATION' if live.sim else 'REAL CURRENT'}",
        "SPACE  send STOP again      Ctrl-Q  leave (exit code 6, still not confirmed)",
    ]
    lines: list[Line] = []
    for number, text in enumerate(words):
        for part in wrap(text, width - 4) if text else [""]:
            centred = part.center(width - 2)
            role = "alarm" if number in (0, 2) else "strong"
            lines.append(line((f" {centred} ", role)))
    above = max(0, (height - len(lines)) // 2)
    bar = line((" " * width, "alarm"))
    blank = line(" " * width)
    shown = [bar, *[blank] * max(0, above - 1), *lines]
    shown += [blank] * max(0, height - 1 - len(shown))
    return [fit(one, width) for one in [*shown[: height - 1], bar]]
