"""Skin and electrode: from area and contact to a network.

| number | value | certainty |
|---|---|---|
| tissue | 200 ohm | M?, D until measured |
| rho_s per electrode | 2.5 kohm cm2 | D |
| rho_p per electrode, low current | 50 kohm cm2 | D |
| c_p per electrode | 40 nF/cm2 | D |
| contact of a fresh pad | 0.95 | D |
| dry gel | multiplies rho_s and rho_p, grows 0.5 %/min | D |
| warm-up | Rp falls 20 % in the first 5 min | M+ |
| sweat | divides rho_p | D |
| damaged pad | 5 % of the area carries 60 % of the current: density x12 | D |
| below 1 % contact | an open circuit | D |
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .pulse import Network

TISSUE_OHM = 200
SERIES_OHM_MM2 = 250_000
SKIN_OHM_MM2 = 5_000_000
SKIN_PF_PER_MM2 = 400
FRESH_CONTACT_PERMILLE = 950
OPEN_BELOW_PERMILLE = 10
DRYING_PERMILLE_PER_MIN = 5
WARM_UP_PERMILLE = 200
WARM_UP_US = 300_000_000
DAMAGED_SPOT_FACTOR = 12
MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Contact:
    """How a pair of pads sits: what events change and what creeps.

    contact_permille: of the worse pad, 0..1000. dry_series, dry_skin: factors of rho_s and rho_p in
    permille (1000 = moist, to 10000). wet: divisor of rho_p in permille (1000 = not wet).
    shunt_ohm: across the pads or leads. connected: the lead is in.
    """

    contact_permille: int = FRESH_CONTACT_PERMILLE
    dry_series_permille: int = 1000
    dry_skin_permille: int = 1000
    wet_permille: int = 1000
    shunt_ohm: int | None = None
    connected: bool = True
    damaged: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.contact_permille <= 1000:
            raise ValueError(f"contact of {self.contact_permille} permille: give 0 to 1000")
        factors = (self.dry_series_permille, self.dry_skin_permille, self.wet_permille)
        if min(factors) < 1 or (self.shunt_ohm is not None and self.shunt_ohm < 1):
            raise ValueError("factors are at least 1 permille, a shunt at least 1 ohm")

    @property
    def touching(self) -> bool:
        """Whether the pads conduct at all."""
        return self.connected and self.contact_permille >= OPEN_BELOW_PERMILLE

    @property
    def spot_factor(self) -> int:
        """How much denser than the mean the current is at its densest."""
        return DAMAGED_SPOT_FACTOR if self.damaged else 1

    def aged(self, at_us: int) -> Contact:
        """Return the contact after so long on the skin: drier, and warmer."""
        growth = 1000 + DRYING_PERMILLE_PER_MIN * at_us // MINUTE_US
        warm = 1000 - WARM_UP_PERMILLE * min(at_us, WARM_UP_US) // WARM_UP_US
        return replace(
            self,
            dry_series_permille=self.dry_series_permille * growth // 1000,
            dry_skin_permille=self.dry_skin_permille * growth * warm // 1_000_000,
        )


def network_of(area_mm2: int, contact: Contact) -> Network | None:
    """Return the network of two pads of area_mm2 in series; None when they do not conduct."""
    if not contact.connected:
        return None
    if not contact.touching:
        # The pads are off, but what shorts the leads still does.
        shunt = contact.shunt_ohm
        return None if shunt is None else Network(10_000_000, 1, 1, 1, shunt)
    area = area_mm2 * contact.contact_permille / 1000
    series = SERIES_OHM_MM2 * contact.dry_series_permille / 1000
    skin = SKIN_OHM_MM2 * contact.dry_skin_permille / contact.wet_permille
    return Network(
        rs_ohm=round(TISSUE_OHM + 2 * series / area),
        rp_ohm=round(2 * skin / area),
        cp_pf=max(1, round(SKIN_PF_PER_MM2 * area / 2)),
        area_mm2=max(1, round(area)),
        shunt_ohm=contact.shunt_ohm,
    )
