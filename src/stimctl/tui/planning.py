"""The chosen protocol, seats and changes, compiled here for the eye; the supervisor compiles again.

Both must come to the same digest, or nothing is armed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stimctl.errors import StimctlError
from stimctl.tui.adjusting import Field, changed, fields_of, save_adjusted, with_origin
from stimctl.tui.persons import Place
from stimctl.tui.seats import Seat, first_seats
from stimctl.tui.text import safe

if TYPE_CHECKING:
    from stimctl.records.protocol_files import ProtocolText
    from stimctl.supervisor.families import Family
    from stimctl.treatment.program import Plan
    from stimctl.treatment.schema import TreatmentProtocol


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen so far. `origin` is the file as shipped, `text` as adjusted."""

    origin: ProtocolText
    text: str
    protocol: TreatmentProtocol
    seats: tuple[Seat, ...]
    duration_us: int
    acknowledged: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The protocol's name."""
        return self.origin.name

    @property
    def adjusted(self) -> bool:
        """Whether any value differs from the file's."""
        return self.text != self.origin.text

    @property
    def short_hash(self) -> str:
        """The first four characters of the text's SHA-256, as shown beside the name."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:4]

    def file(self, folder: Path) -> tuple[Path, str]:
        """The file that holds the text, written where it is adjusted, and its SHA-256."""
        if not self.adjusted:
            return self.origin.path.resolve(), self.origin.sha256
        path = save_adjusted(folder, self.name, self.text)
        return path.resolve(), hashlib.sha256(self.text.encode()).hexdigest()

    def with_seat(self, seat: Seat) -> Choice:
        """The same with one seat changed."""
        seats = tuple(seat if one.role == seat.role else one for one in self.seats)
        return replace(self, seats=seats)

    def fields(self, role: int) -> dict[Field, int]:
        """The adjustable values of one role."""
        return fields_of(self.text, role)

    def with_field(self, role: int, field: Field, value: int) -> Choice:
        """The same with one value changed. Raises what the protocol's own form refuses."""
        from stimctl.treatment.load import load_protocol

        text = changed(self.text, role, field, value)
        if load_protocol(text, f"{self.name}.toml") == load_protocol(
            self.origin.text, f"{self.name}.toml"
        ):
            text = self.origin.text
        else:
            text = with_origin(text, f"{self.name} {self.protocol.version}", self.origin.sha256)
        return replace(self, text=text, protocol=load_protocol(text, f"{self.name}.toml"))


def choose(name: str) -> Choice:
    """A protocol as it is in its file. Raises UsageError, ProtocolFileError."""
    from stimctl.records.places import user_protocol_folder
    from stimctl.records.protocol_files import read_protocol
    from stimctl.treatment.load import load_protocol

    origin = read_protocol(name, [user_protocol_folder()])
    protocol = load_protocol(origin.text, origin.path.name)
    return Choice(
        origin, origin.text, protocol, first_seats(protocol), protocol.session.duration_us
    )


def as_last_time(choice: Choice, places: Sequence[Place]) -> Choice:
    """The same with sites and pads of the person's last session; never its ceilings."""
    for channel, site, area_mm2 in places:
        for seat in choice.seats:
            if seat.channel == channel:
                choice = choice.with_seat(replace(seat, site=site or None, area_mm2=area_mm2))
    return choice


def family_of(device: str) -> Family:
    """The family of a device by its name; the P24's where none is chosen yet."""
    from stimctl.supervisor.device_names import parse_device
    from stimctl.supervisor.families import family_named

    return family_named(parse_device(device).family if device else "p24")


def compiled(choice: Choice, device: str) -> tuple[Plan | None, str, str]:
    """The plan, or why there is none in words, and the id of a warning that may be accepted."""
    import os

    from stimctl.safety import LayeredBounds, bounds_from_environment
    from stimctl.treatment.plan import compile_plan
    from stimctl.treatment.program import Plan

    sheet = family_of(device).sheet
    try:
        bounds = bounds_from_environment(os.environ, device=sheet.bounds)
        answer = compile_plan(
            choice.protocol,
            sheet,
            [seat.as_setup() for seat in choice.seats],
            duration_us=choice.duration_us,
            bounds=LayeredBounds(site=bounds),
            acknowledged=choice.acknowledged,
        )
    except StimctlError as error:
        return None, safe(error, 400), ""
    if isinstance(answer, Plan):
        return answer, "", ""
    near = f" Nearest legal: {answer.nearest.text}." if answer.nearest else ""
    warning = answer.limit_id if answer.needs_acknowledgement else ""
    return None, safe(f"{answer.message}{near}", 400), warning


def binding_of(plan: Plan, channel: int) -> str:
    """Which bound stands behind the ceiling of a channel: the hand's own, or a limit by name."""
    from stimctl.safety import Layer, ceiling_ua

    one = plan.channel(channel)
    envelope: Any = one.cleared.envelope
    highest_ua = ceiling_ua(one.stimulus, envelope)
    if one.cleared.amplitude_ua < highest_ua:
        return "set-up"
    from stimctl.safety import Quantity, headroom

    above = one.stimulus.with_amplitude(one.cleared.amplitude_ua + one.step_ua)
    exceeded = [each.bound for each in headroom(above, envelope) if each.exceeded]
    if not exceeded:
        return "set-up"
    bound = exceeded[0]
    if bound.layer is Layer.STANDARD and bound.quantity is not Quantity.AMPLITUDE:
        return str(bound.limit_id)
    return {"person": "patient", "protocol": "treatment"}.get(bound.layer.value, bound.layer.value)
