"""What a patient's last session was set to, and taking it over again, each part once confirmed.

Amplitudes are never taken over: what was tolerated is a maximum at most, and output begins at zero.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from stimctl.tui.model.adjusting import FIELDS, Field, fields_of
from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.persons import Settings
from stimctl.tui.model.planning import Choice, choose
from stimctl.tui.model.seats import pad_name, site_name, with_first_maximum
from stimctl.tui.model.words import duration_text

if TYPE_CHECKING:
    from stimctl.tui.model.bedside import Bedside
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.persons import Place, Remembered

DEVICE, VALUES = "device", "values"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the last session that may be taken over: its id, and what it was."""

    id: str
    words: str


def settings_of(choice: Choice, device: str) -> Settings:
    """What is kept of a session for the next time."""
    changes = tuple(
        (role, field.section, field.key, now)
        for role in range(len(choice.filed.channels))
        for field, now in choice.fields(role).items()
        if now != filed_value(choice, role, field)
    )
    return Settings(device, choice.duration_us, changes, choice.alternates)


def filed_value(choice: Choice, role: int, field: Field) -> int | None:
    """A value as it is in the protocol's file."""
    filed = 0 if choice.has_shared_role else role
    return fields_of(choice.origin.text, filed).get(field)


def last_protocol(memory: Remembered) -> str:
    """The protocol of the last session; "" where there was none."""
    return ["", *memory.places][-1]


def parts_of(memory: Remembered) -> list[Part]:
    """What the last session was, in the order in which it is set up."""
    name = last_protocol(memory)
    settings = memory.settings.get(name)
    parts = [Part(DEVICE, f"Device: {settings.device}")] if settings else []
    for channel, site, area_mm2 in memory.places.get(name, ()):
        where = site_name(site) if site else "no site"
        parts.append(
            Part(f"channel-{channel}", f"Channel {channel}: {where}, {pad_name(area_mm2)}")
        )
    if settings is not None:
        parts.append(Part(VALUES, f"Settings: {_words(settings)}"))
    return parts


def _words(settings: Settings) -> str:
    labels = {(one.section, one.key): one for one in FIELDS}
    changed = [
        f"{labels[table, key].label} {labels[table, key].show(value)}"
        for _, table, key, value in settings.changes
        if (table, key) in labels
    ]
    turns = ["channels alternating"] if settings.alternates else []
    return ", ".join([duration_text(settings.duration_us), *(changed or ["as standard"]), *turns])


def take_over(bed: Bedside, confirmed: Collection[str]) -> None:
    """Set up what somebody has confirmed of the last session. Raises StimctlError."""
    name = last_protocol(bed.memory)
    settings = bed.memory.settings.get(name)
    places = [one for one in bed.memory.places[name] if f"channel-{one[0]}" in confirmed]
    choice = placed(choose(name), places, bed)
    if settings is not None and VALUES in confirmed:
        choice = _valued(replace(choice, duration_us=settings.duration_us), settings)
    if settings is not None and DEVICE in confirmed and settings.device != bed.device:
        bed.connect(settings.device)
    bed.plan = None
    bed.take(choice)


def _valued(choice: Choice, settings: Settings) -> Choice:
    fields = {(one.section, one.key): one for one in FIELDS}
    for role, table, key, value in settings.changes:
        choice = choice.with_field(role, fields[table, key], value)
    turns = settings.alternates and len(choice.seats) > 1 and not choice.alternates
    return choice.with_seats(choice.seats, alternate=True) if turns else choice


def placed(choice: Choice, places: Sequence[Place], bed: Bedside) -> Choice:
    """With sites and electrodes of the patient's last session, where the protocol still has such
    channels; a maximum is the protocol's, or what was tolerated there."""
    protocol = choice.protocol
    seats = {one.channel: one for one in choice.seats}
    for channel, site, area_mm2 in places:
        like = seats.get(channel) or (choice.seats[0] if choice.has_shared_role else None)
        if like is not None:
            seats[channel] = replace(like, channel=channel, site=site or None, area_mm2=area_mm2)
    ordered = [with_first_maximum(protocol, seats[one], bed.known_marks) for one in sorted(seats)]
    if not choice.has_shared_role:
        return replace(choice, seats=tuple(ordered))
    return choice.with_seats(ordered, alternate=choice.alternates)


class LastTimePage(Page):
    """What the last session was, each part taken over once it is ticked."""

    name = "last-time"
    title = "Same as last time"
    actions: ClassVar[tuple[str, ...]] = (*(f"answer-{n}" for n in range(1, 9)), "choose")
    footer = ("choose",)
    has_menu = False

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.ticked: set[str] = set()

    def opened(self) -> None:
        """Nothing is confirmed yet."""
        self.ticked = set()

    @property
    def parts(self) -> list[Part]:
        """What there is to be confirmed."""
        return parts_of(self.bed.memory)

    def offers(self) -> Offers:
        """A number ticks a part; Enter takes over what is ticked."""
        numbers = {f"answer-{n}": None for n in range(1, min(9, len(self.parts) + 1))}
        nothing = None if self.ticked else "nothing is ticked: look at each part, press its number"
        return {**numbers, "choose": nothing}

    def act(self, action: str) -> None:
        """Tick a part, or set up what is ticked."""
        if action.startswith("answer-"):
            self.tick(self.parts[int(action[-1]) - 1].id)
        else:
            take_over(self.bed, self.ticked)
            self.desk.open("setup")

    def tick(self, part: str) -> None:
        """It is as last time; again: it is not."""
        self.ticked ^= {part}
