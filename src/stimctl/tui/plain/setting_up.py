"""The words of `--plain` for what is set up: protocol, channels, settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stimctl.errors import UsageError
from stimctl.quantity import format_area
from stimctl.tui.plain.command import Command, Do, one_of

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.electrodes import SetupPage


def _protocols(desk: Desk, _rest: list[str]) -> str:
    from stimctl.tui.model.planning import protocol_names

    return "\n".join(protocol_names(desk.bed.device))


def _protocol(desk: Desk, rest: list[str]) -> str:
    from stimctl.tui.model.protocols import facts_of

    page = _page(desk, "protocols")
    page.opened()
    page.choose(one_of(rest, "protocol name"))
    assert desk.bed.choice is not None
    told = [f"{label}: {words}" for label, words in facts_of(desk.bed.choice)]
    return "\n".join([f"{desk.bed.choice.name}. {_channels(desk, [])}", *told])


def _channels(desk: Desk, _rest: list[str]) -> str:
    choice = desk.bed.choice
    if choice is None:
        return "no protocol is chosen"
    page: SetupPage = _page(desk, "setup")
    told = [
        f"channel {seat.channel} {seat.role_name}: site {seat.site or 'not given'}, electrodes "
        f"{format_area(seat.area_mm2)}, maximum {seat.measure.short(seat.ceiling_level)} "
        f"({page.source_of(seat)})"
        for seat in choice.seats
    ]
    turns = ["channels take turns"] if choice.alternates else []
    return "\n".join([*told, *turns, page.verdict()])


def _page(desk: Desk, name: str) -> Any:
    return desk.pages[name]


def _number(rest: list[str]) -> int:
    if not rest or not rest[0].isdigit():
        raise UsageError("a channel is needed", what_to_do="for example: size 1 25cm2")
    return int(rest[0])


def _sets(what: str) -> Do:
    """A word that sets one value of a channel."""

    def do(desk: Desk, rest: list[str]) -> str:
        number = _number(rest)
        if len(rest) < 2:
            raise UsageError("a channel and a value are needed", what_to_do="size 1 25cm2")
        getattr(_page(desk, "setup"), f"set_{what}")(number, " ".join(rest[1:]))
        return _channels(desk, [])

    return do


def _remove(desk: Desk, rest: list[str]) -> str:
    _page(desk, "setup").channel = _number(rest)
    return _setup(desk, "remove-channel")


def _setup(desk: Desk, action: str) -> str:
    page = _page(desk, "setup")
    why = page.offers()[action]
    if why:
        raise UsageError(why)
    page.act(action)
    return _channels(desk, [])


def _adjust(desk: Desk, rest: list[str]) -> str:
    """Without a name: every value, its limits, and what the device gives."""
    page = _page(desk, "adjust")
    if len(rest) > 1:
        page.set(rest[0], " ".join(rest[1:]))
    told = [
        f"{one.key} {one.text}{f' ({one.limit})' if one.limit else ''}" for one in page.values()
    ]
    return "\n".join([*told, *page.notes()])


def _input(desk: Desk, rest: list[str]) -> str:
    """Without a word: what was said, and what is missing."""
    from stimctl.tui.model.steps import is_simulated

    sources = desk.bed.sources
    if rest:
        return sources.bind(" ".join(rest))
    why = sources.missing(desk.bed.plan, simulation=is_simulated(desk)) if desk.bed.plan else ""
    return "\n".join([*sources.told(), why or "no source is missing"])


SETUP_COMMANDS: Mapping[str, Command] = {
    "protocols": Command("list the treatment protocols", do=_protocols, at_zero=True),
    "protocol": Command("protocol NAME: choose one", do=_protocol, at_zero=True),
    "channels": Command("what is set up for each channel", do=_channels),
    "site": Command("site CHANNEL NAME", do=_sets("site"), at_zero=True),
    "size": Command("size CHANNEL AREA: for example size 1 25cm2", do=_sets("area"), at_zero=True),
    "maximum": Command(
        "maximum CHANNEL VALUE: for example 1 12mA, or 1 40%", do=_sets("maximum"), at_zero=True
    ),
    "add-channel": Command(
        "one more pair of electrodes for the same treatment",
        do=lambda desk, _rest: _setup(desk, "add-channel"),
        at_zero=True,
    ),
    "remove-channel": Command("remove-channel NUMBER", do=_remove, at_zero=True),
    "alternate": Command(
        "channels take turns, or are all on together",
        do=lambda desk, _rest: _setup(desk, "alternate"),
        at_zero=True,
    ),
    "input": Command(
        "input NAME=SOURCE: where an input comes from; alone: what is missing",
        do=_input,
        at_zero=True,
    ),
    "adjust": Command("adjust NAME VALUE; alone: every setting", do=_adjust, at_zero=True),
}
