"""What the operator says about each channel: site and size of its electrodes, and its maximum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from stimctl.quantity import format_area
from stimctl.tui.model.measure import Measure, measure_of_protocol
from stimctl.tui.model.persons import Mark

if TYPE_CHECKING:
    from stimctl.treatment.program import ChannelSetup
    from stimctl.treatment.schemas import AnyFile

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
    """One channel: its role's number in the protocol, site, area of an electrode, and its maximum.

    The maximum is on `measure`, as every level; `source` says in words whose it is.
    """

    channel: int
    role: int
    role_name: str
    site: str | None
    area_mm2: int
    ceiling_level: int
    measure: Measure
    contact_permille: int = WHOLE
    source: str = field(default="", compare=False)

    @property
    def ceiling(self) -> str:
        """The maximum as screens show it."""
        return self.measure.text(self.ceiling_level)

    @property
    def place(self) -> tuple[int, str, int]:
        """What a person can see of it: channel, site and area."""
        return self.channel, self.site or "", self.area_mm2

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


def first_seats(protocol: AnyFile) -> tuple[Seat, ...]:
    """One for each role, at the first suggested site, with the electrodes of the trial."""
    measure, area = measure_of_protocol(protocol), first_area(protocol)
    seats = (
        Seat(number + 1, number, role.role, role.sites[0] if role.sites else None, area, 0, measure)
        for number, role in enumerate(protocol.channels)
    )
    return tuple(with_first_maximum(protocol, seat) for seat in seats)


def first_area(protocol: AnyFile) -> int:
    """Of the electrode that the trial used, where the file names one of ours; else the smallest
    usual one that is allowed."""
    least_mm2, size = protocol.electrodes.minimum_area_mm2, protocol.electrodes.size or ""
    of_trial = next((area for area, name in PADS if name.replace("×", " x ") in size), 0)
    if of_trial >= least_mm2:
        return of_trial
    return next((area for area, _ in PADS if area >= least_mm2), least_mm2)


def with_first_maximum(protocol: AnyFile, seat: Seat, marks: Sequence[Mark] = ()) -> Seat:
    """With the last tolerance at this site as its maximum, where one was marked; else with the
    protocol's own. It is a bound only: every output begins at zero, and limits still decide."""
    cap, first = protocol.channels[seat.role].aim.cap, seat.measure.first_ceiling
    if cap is None or not seat.measure.is_dose:
        cap = min(first, cap or first)
    for mark in reversed(marks):
        told = getattr(mark, seat.measure.mark)
        match mark:
            case Mark(what="tolerance", site=site) if told and site and site == seat.site:
                level = min(cap, int(told))
                return replace(seat, ceiling_level=level, source="last tolerance here")
    return replace(seat, ceiling_level=cap, source="this treatment")


def sites_for(protocol: AnyFile, seat: Seat) -> Sequence[str | None]:
    """Where a seat may be: the protocol's suggestions first, then every other known site."""
    from stimctl.safety import SITES

    suggested = list(protocol.channels[seat.role].sites)
    others = [name for name, site in SITES.items() if name not in suggested and not site.blocked]
    return [*suggested, *others, None]


def site_name(site: str) -> str:
    """A site as a person says it."""
    return site.replace("/", " / ").replace("-", " ")


def opposite(site: str | None) -> str | None:
    """The same site on the other side, where there is one."""
    from stimctl.safety import SITES

    name = site or ""
    for one, other in (("left-", "right-"), ("right-", "left-")):
        if name.startswith(one):
            name = other + name.removeprefix(one)
            break
    return name if name in SITES else site
