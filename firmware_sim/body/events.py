"""What goes wrong at the electrodes, as data with a time, and the small steps it is played in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from .chance import Chance, between
from .interface import FRESH_CONTACT_PERMILLE, Contact

#: A contact that moves is played in steps of this length [D].
STEP_US = 5_000


class LoadEventKind(StrEnum):
    """The scripted events; what value and other mean is said in brackets."""

    CONTACT = "contact"  # the pads move to [value permille] within the duration
    LIFT = "lift"  # contact to 0, edges first
    RECONTACT = "recontact"  # back on the skin [value permille], also for a lead put back
    LEAD_OFF = "lead-off"  # no electrodes, no body: open at once
    LEAD_SHORT = "lead-short"  # [value ohm] across the leads
    PADS_TOUCHING = "pads-touching"  # [value ohm] across the pads
    SWEAT_BRIDGE = "sweat-bridge"  # [value ohm] across the pads, the skin wet
    SEPARATED = "separated"  # no shunt any more, no sweat
    DRIED = "dried"  # [value permille] on rho_s; rho_p grows to 0.6 of that
    DAMAGED_PAD = "damaged-pad"  # most of the current through a spot
    INTERMITTENT = "intermittent"  # a broken lead: [value] times open for 10..50 ms
    SWAPPED = "swapped"  # this channel's leads and those of [other] change places
    CROSSED = "crossed"  # [value permille] of the current goes through the site of [other] too


#: Duration in us and value where a script names none [D; the ranges are those of the facts].
DEFAULTS: Mapping[LoadEventKind, tuple[int, int]] = {
    LoadEventKind.CONTACT: (0, FRESH_CONTACT_PERMILLE),
    LoadEventKind.LIFT: (50_000, 0),
    LoadEventKind.RECONTACT: (20_000, FRESH_CONTACT_PERMILLE),
    LoadEventKind.LEAD_OFF: (0, 0),
    LoadEventKind.LEAD_SHORT: (0, 30),
    LoadEventKind.PADS_TOUCHING: (0, 100),
    LoadEventKind.SWEAT_BRIDGE: (0, 5_000),
    LoadEventKind.SEPARATED: (0, 0),
    LoadEventKind.DRIED: (0, 10_000),
    LoadEventKind.DAMAGED_PAD: (0, 0),
    LoadEventKind.INTERMITTENT: (1_000_000, 5),
    LoadEventKind.SWAPPED: (0, 0),
    LoadEventKind.CROSSED: (0, 300),
}
#: Sweat also divides the skin's resistance by this, in permille [D].
SWEAT_PERMILLE = 2_000
#: A broken lead is open for so long in us [D].
SHORTEST_GAP_US, LONGEST_GAP_US = 10_000, 50_000


@dataclass(frozen=True, slots=True)
class LoadEvent:
    """One event on a channel 1..8; duration_us and value None mean the default of its kind."""

    at_us: int
    kind: LoadEventKind
    channel: int
    duration_us: int | None = None
    value: int | None = None
    other: int | None = None

    def __post_init__(self) -> None:
        pairs = self.kind in (LoadEventKind.SWAPPED, LoadEventKind.CROSSED)
        if pairs != (self.other is not None) or self.other == self.channel:
            raise ValueError(f"{self.kind}: name the other channel where there is one, only there")
        for channel in (self.channel, self.other):
            if channel is not None and not 1 <= channel <= 8:
                raise ValueError(f"channel {channel}: there are 1 to 8")
        if self.at_us < 0 or self.duration < 0 or self.amount < 0:
            raise ValueError(f"{self.kind}: times and values are not negative")

    @property
    def duration(self) -> int:
        """Duration in us."""
        return DEFAULTS[self.kind][0] if self.duration_us is None else self.duration_us

    @property
    def amount(self) -> int:
        """The value, in the unit of the kind."""
        return DEFAULTS[self.kind][1] if self.value is None else self.value


@dataclass(frozen=True, slots=True)
class Step:
    """A small change of one contact: `share` of the way is done (permille)."""

    at_us: int
    event: LoadEvent
    share: int = 1000
    closing: bool = True


def steps_of(events: Iterable[LoadEvent], chance: Chance) -> list[Step]:
    """Return all steps in the order of their time; chance is asked for broken leads only."""
    steps = [step for event in events for step in _steps(event, chance)]
    return sorted(steps, key=lambda step: step.at_us)


def _steps(event: LoadEvent, chance: Chance) -> Iterator[Step]:
    kind = event.kind
    if kind is LoadEventKind.INTERMITTENT:
        yield from _gaps(event, chance)
    elif kind in (LoadEventKind.CONTACT, LoadEventKind.LIFT, LoadEventKind.RECONTACT):
        count = max(1, event.duration // STEP_US)
        for number in range(1, count + 1):
            at_us = event.at_us + event.duration * number // count
            yield Step(at_us, event, 1000 * number // count, closing=number == count)
    else:
        yield Step(event.at_us, event)


def _gaps(event: LoadEvent, chance: Chance) -> Iterator[Step]:
    """Open and close a lead; the gaps are spread over the duration and do not overlap."""
    slot = event.duration // max(1, event.amount)
    for number in range(event.amount):
        length = min(between(chance, SHORTEST_GAP_US, LONGEST_GAP_US), max(1, slot // 2))
        start = event.at_us + number * slot + between(chance, 0, max(0, slot - length - 1))
        yield Step(start, event, closing=False)
        yield Step(start + length, event)


def changed(contact: Contact, before: Contact, step: Step) -> Contact:
    """Return the contact after a step; `before` is what it was when the event began."""
    event = step.event
    match event.kind:
        case LoadEventKind.CONTACT | LoadEventKind.LIFT | LoadEventKind.RECONTACT:
            origin = before.contact_permille if before.connected else 0
            moved = origin + (event.amount - origin) * step.share // 1000
            return replace(contact, contact_permille=moved, connected=True)
        case LoadEventKind.LEAD_OFF:
            return replace(contact, connected=False)
        case LoadEventKind.LEAD_SHORT | LoadEventKind.PADS_TOUCHING:
            return replace(contact, shunt_ohm=max(1, event.amount))
        case LoadEventKind.SWEAT_BRIDGE:
            shunt = max(1, event.amount)
            return replace(contact, shunt_ohm=shunt, wet_permille=SWEAT_PERMILLE)
        case LoadEventKind.SEPARATED:
            return replace(contact, shunt_ohm=None, wet_permille=1000)
        case LoadEventKind.DRIED:
            skin = 1000 + max(0, event.amount - 1000) * 5 // 9
            return replace(contact, dry_series_permille=event.amount, dry_skin_permille=skin)
        case LoadEventKind.DAMAGED_PAD:
            return replace(contact, damaged=True)
        case LoadEventKind.INTERMITTENT:
            return replace(contact, connected=step.closing)
        case _:  # what concerns two sites is not a matter of one contact
            return contact
