"""Electrodes: conductive area, contact, and where they are."""

from __future__ import annotations

from dataclasses import dataclass

from stimctl.errors import UsageError
from stimctl.quantity import format_area
from stimctl.safety.sites import pad_sites

# A square metre is no electrode: the limit catches mm2 written for cm2 and the like. [POLICY, D]
AREA_TOP_MM2 = 100_000


@dataclass(frozen=True, slots=True)
class Electrode:
    """The smallest electrode of a channel.

    `area_mm2` is its conductive area, `contact_permille` how much of that touches skin,
    `site` a name from `stimctl.safety.SITES` or None; two names with `/` between them where the
    two pads of the channel lie apart. Raises UsageError for anything else.
    """

    area_mm2: int
    contact_permille: int = 1000
    site: str | None = None

    def __post_init__(self) -> None:
        if type(self.area_mm2) is not int or not 1 <= self.area_mm2 <= AREA_TOP_MM2:
            raise UsageError(
                f"an electrode area of {self.area_mm2!r} mm2 is invalid",
                why=f"it must be above 0 and at most {format_area(AREA_TOP_MM2)}",
            )
        if type(self.contact_permille) is not int or not 1 <= self.contact_permille <= 1000:
            raise UsageError(
                f"a contact of {self.contact_permille!r} permille is invalid", why="1 to 1000 can"
            )
        if self.site is not None:
            pad_sites(str(self.site))

    @property
    def effective_area_mm2(self) -> int:
        """Area in contact, rounded down (less area is the stricter answer), at least 1 mm2."""
        return max(1, self.area_mm2 * self.contact_permille // 1000)


# "Area unknown: no start; previews assume 5 cm2", hazard H33. [D]
PREVIEW_ELECTRODE = Electrode(area_mm2=500)
