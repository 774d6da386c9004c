"""The words of `--plain`: what each does, and whether it needs the output to be at zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from stimctl.errors import UsageError
from stimctl.quantity import format_area, parse_area_mm2
from stimctl.supervisor.device_names import EXAMPLE
from stimctl.tui.model.device_facts import starting
from stimctl.tui.model.measure import Measure
from stimctl.tui.model.text import plain, safe
from stimctl.tui.model.words import clock_text
from stimctl.tui.plain.command import Command, Do, one_of
from stimctl.tui.plain.readiness import GATE_COMMANDS

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.seats import Seat

    Text = Callable[[int], str]


def _demo(desk: Desk, _rest: list[str]) -> str:
    from stimctl.tui.model.modes import begin_demo

    begin_demo(desk)
    return "demo: the digital twin, tens-conventional; then type arm, go, up"


def _connect(desk: Desk, rest: list[str]) -> str:
    device = one_of(rest, f"device, for example sim:{EXAMPLE}")
    desk.bed.connect(device)
    why_long = starting(device)
    return f"connecting; {why_long}: wait for IDENTIFIED" if why_long else "connecting"


def _protocols(desk: Desk, _rest: list[str]) -> str:
    from stimctl.tui.model.planning import protocol_names

    return "\n".join(protocol_names(desk.bed.device))


def _protocol(desk: Desk, rest: list[str]) -> str:
    from stimctl.tui.model.planning import choose

    choice = choose(one_of(rest, "protocol name"))
    desk.bed.plan = None
    desk.bed.take(choice)
    grade = choice.protocol.evidence.grade
    unit = [f"{label}: {words}" for label, words in choice.other_unit]
    meaning = [choice.measure.meaning] * bool(choice.measure.meaning)
    told = [f"{choice.name}, evidence {grade}. {_seats(desk, [])}", *unit, *meaning]
    return "\n".join(told)


def _seats(desk: Desk, _rest: list[str]) -> str:
    choice = desk.bed.choice
    if choice is None:
        return "no protocol is chosen"
    told = [
        f"channel {seat.channel} {seat.role_name}: site {seat.site or 'not given'}, "
        f"pads {format_area(seat.area_mm2)}, ceiling {seat.measure.short(seat.ceiling_level)}"
        for seat in choice.seats
    ]
    return "\n".join([*told, desk.bed.why_not or "all checks passed"])


def _seat(desk: Desk, rest: list[str]) -> tuple[Seat, str]:
    choice = desk.bed.choice
    if choice is None or len(rest) < 2:
        raise UsageError("a channel and a value are needed", what_to_do="for example: pads 1 25cm2")
    seat = next((one for one in choice.seats if str(one.channel) == rest[0]), None)
    if seat is None:
        raise UsageError(f"there is no channel {rest[0]}")
    return seat, " ".join(rest[1:])


def _take(desk: Desk, seat: Seat) -> str:
    assert desk.bed.choice is not None
    desk.bed.take(desk.bed.choice.with_seat(seat))
    return _seats(desk, [])


def _site(desk: Desk, rest: list[str]) -> str:
    seat, value = _seat(desk, rest)
    return _take(desk, replace(seat, site=value))


def _pads(desk: Desk, rest: list[str]) -> str:
    seat, value = _seat(desk, rest)
    return _take(desk, replace(seat, area_mm2=parse_area_mm2(value)))


def _ceiling(desk: Desk, rest: list[str]) -> str:
    seat, value = _seat(desk, rest)
    return _take(desk, replace(seat, ceiling_level=seat.measure.scale.parse(value)))


def _amount(level: int | None, measure: Measure, text: Text | None = None) -> str:
    if level is None:
        return "not known"
    return measure.text(level) if text is None else text(level)


def _status(desk: Desk, _rest: list[str]) -> str:
    live, now_ns = desk.bed.live, desk.clock.mono_ns()
    kind = "SIMULATION" if live.sim else "REAL" if live.device else "no device"
    told = [
        f"{kind}, {live.state}, {clock_text(live.left_us(now_ns))} left, link {live.link or '-'}"
    ]
    # An unconfirmed output has no level that could be read as if it were live (M3).
    known, measure = live.state != "unknown", live.measure
    for one in live.channels.values():
        now, acked = (one.set_level, one.acked_level) if known else (None, None)
        text = desk.bed.level_text and partial(desk.bed.level_text, one.number)
        told.append(
            f"channel {one.number} {one.role}: set {_amount(now, measure)}, "
            f"acknowledged {_amount(acked, measure, text)}, "
            f"ceiling {_amount(one.ceiling_level, measure)}"
        )
    told = [live.alarms.words] * bool(live.alarms.words) + told
    return "\n".join(safe(one) for one in told)


def _by_number(page: str) -> Do:
    """A list on a page of its own, from which a number picks; without one it is told."""

    def do(desk: Desk, rest: list[str]) -> str:
        there = desk.pages[page]
        if not rest:
            return "\n".join(plain(one) for one in there.body(10_000, 0) if one)
        action = f"channel-{one_of(rest, 'number')}"
        if action not in there.offers():
            raise UsageError(
                f"there is no number {rest[0]}", what_to_do="type the word alone for the list"
            )
        there.act(action)
        return ""

    return do


def _found(desk: Desk, rest: list[str]) -> str:
    if len(rest) != 2 or not rest[0].isdigit():
        raise UsageError("a channel and a site are needed", what_to_do="found 1 left-calf")
    desk.bed.ask("found", channel=int(rest[0]), site=rest[1])
    return ""


def _leads_checked(desk: Desk, _rest: list[str]) -> str:
    desk.bed.ask("leads_checked")
    return ""


def _quit(desk: Desk, _rest: list[str]) -> str:
    desk.leave()
    return "leaving"


COMMANDS: Mapping[str, Command] = {
    "demo": Command("a session on the digital twin", do=_demo, at_zero=True),
    **GATE_COMMANDS,
    "connect": Command(f"connect DEVICE: for example sim:{EXAMPLE}", do=_connect, at_zero=True),
    "protocols": Command("list the treatment protocols", do=_protocols, at_zero=True),
    "protocol": Command("protocol NAME: choose one", do=_protocol, at_zero=True),
    "seats": Command("what is set up for each channel", do=_seats),
    "site": Command("site CHANNEL NAME", do=_site, at_zero=True),
    "pads": Command("pads CHANNEL AREA: for example pads 1 25cm2", do=_pads, at_zero=True),
    "ceiling": Command(
        "ceiling CHANNEL VALUE: for example 1 12mA, or 1 40%", do=_ceiling, at_zero=True
    ),
    "accept": Command("accept the warning", action="accept-warning"),
    "arm": Command("verify zero and ask; then go within 15 s", action="arm"),
    "go": Command("start from the beginning, 0.3 to 15 s after arm", action="go"),
    "go-on": Command("the same with what is left of the plan after a stop", action="go-on"),
    "up": Command("selected channel one step up", action="raise"),
    "up-more": Command("selected channel 1 mA up", action="raise-more"),
    "down": Command("selected channel one step down", action="lower"),
    "zero": Command("selected channel to zero", action="zero"),
    **{str(n): Command(f"select channel {n}", action=f"channel-{n}") for n in range(1, 9)},
    "pause": Command("output to zero and wait; again: go on", action="pause"),
    "link": Command("raise and lower all channels together, or not", action="link"),
    "sensory": Command("mark: begins to feel it", action="mark-sensory"),
    "motor": Command("mark: the muscle begins to move", action="mark-motor"),
    "tolerance": Command("mark: no more is wanted", action="mark-tolerance"),
    "found": Command("found CHANNEL SITE: where the person feels it; or elsewhere", do=_found),
    "leads-checked": Command(
        "after a channel was felt elsewhere: the leads are as planned",
        do=_leads_checked,
        at_zero=True,
    ),
    "acknowledge": Command(
        "acknowledge NUMBER: why a session may go on after a fault", do=_by_number("fault")
    ),
    "answer": Command("answer NUMBER: to what was asked of you", do=_by_number("asked")),
    "status": Command("state, time left, every channel", do=_status, watching=True),
    "quit": Command("leave; after STOP", do=_quit, at_zero=True, watching=True),
}

HELP = "stop, or an empty line, or SPACE: all output off\n" + "\n".join(
    f"{word}: {command.help}" for word, command in COMMANDS.items() if not word.isdigit()
)
