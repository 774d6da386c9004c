"""What the operator says about each channel: where its pads are, their size, and its ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from stimctl.quantity import format_area
from stimctl.tui.model.measure import Measure, measure_of_protocol

if TYPE_CHECKING:
    from stimctl.treatment.program import ChannelSetup
    from stimctl.treatment.schema import PercentProtocol, TreatmentProtocol

WHOLE = 1000
"""Permille of a pad that touch the skin."""
#: Usual pads by their conductive area; the smaller pad of a pair counts.
PADS: tuple[tuple[int, str], ...] = (
    (500, "∅ 2.5 cm"), (800, "∅ 3.2 cm"), (1_600, "4×4 cm"), (2_500, "5×5 cm"),
    (4_500, "5×9 cm"), (5_000, "5×10 cm"), (7_000, "7×10 cm"), (9_600, "7.6×12.7 cm"),
    (13_000, "10×13 cm"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seat:
    """One channel: its role's number in the protocol, site, pad area, and the hand's ceiling.

    The ceiling is on `measure`, as every level.
    """

    channel: int
    role: int
    role_name: str
    site: str | None
    area_mm2: int
    ceiling_level: int
    measure: Measure
    contact_permille: int = WHOLE

    @property
    def ceiling(self) -> str:
        """The ceiling as screens show it."""
        return self.measure.text(self.ceiling_level)

    def changed(self, by: int) -> Seat:
        """With a ceiling by so many steps higher or lower."""
        level = self.ceiling_level + by * self.measure.ceiling_step
        return replace(self, ceiling_level=max(0, level))

    def as_setup(self) -> ChannelSetup[Any]:
        """The same for the compiler of plans."""
        from stimctl.safety import Electrode
        from stimctl.stimulus.level import Level
        from stimctl.treatment.program import ChannelSetup

        electrode = Electrode(self.area_mm2, self.contact_permille, self.site)
        return ChannelSetup(self.channel, Level(self.measure.scale, self.ceiling_level), electrode)


def pad_name(area_mm2: int) -> str:
    """A pad in words, its area always with it."""
    name = next((name for area, name in PADS if area == area_mm2), "")
    return f"{name} {format_area(area_mm2)}".strip()


def first_seats(protocol: TreatmentProtocol | PercentProtocol) -> tuple[Seat, ...]:
    """One seat for each role, at the first suggested site, with the smallest pads allowed."""
    measure = measure_of_protocol(protocol)
    least_mm2 = protocol.electrodes.minimum_area_mm2
    area = next((area for area, _ in PADS if area >= least_mm2), least_mm2)
    return tuple(
        Seat(
            channel=number + 1,
            role=number,
            role_name=role.role,
            site=role.sites[0] if role.sites else None,
            area_mm2=area,
            ceiling_level=min(measure.first_ceiling, role.aim.cap or measure.first_ceiling),
            measure=measure,
        )
        for number, role in enumerate(protocol.channels)
    )


def sites_for(protocol: TreatmentProtocol | PercentProtocol, seat: Seat) -> Sequence[str | None]:
    """Where a seat may be: the protocol's suggestions first, then every other known site."""
    from stimctl.safety import SITES

    suggested = list(protocol.channels[seat.role].sites)
    others = [name for name, site in SITES.items() if name not in suggested and not site.blocked]
    return [*suggested, *others, None]
