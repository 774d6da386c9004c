"""A pair of pads on a site, and the lead that a channel has clipped to it."""

from __future__ import annotations

from .impedance import true_ohm
from .interface import Contact, network_of
from .load import OpenCircuit, Passed, Points
from .person import Site
from .pulse import Network, Solved, solve

#: So many distinct pulses are remembered until the network changes: ramps and sweeps reuse them.
REMEMBERED = 64
COMPLIANCE_MV = 150_000


class Pads:
    """Two pads on a site. `solved` counts the distinct pulses that were sent through."""

    def __init__(self, site: Site, contact: Contact) -> None:
        self.site = site
        self.solved = 0
        self._base = self._now = contact
        self._network = network_of(site.area_mm2, contact)
        self._recent: dict[Points, Solved] = {}

    @property
    def base(self) -> Contact:
        """How the pads sit, apart from their age."""
        return self._base

    @property
    def contact(self) -> Contact:
        """How the pads sit now."""
        return self._now

    @property
    def network(self) -> Network | None:
        """The network now; None when nothing conducts."""
        return self._network

    @property
    def nominal_ohm(self) -> int | None:
        """Magnitude of the impedance a test pulse of 2 mA and 100 us sees."""
        return true_ohm(self)

    @property
    def touching_mm2(self) -> int:
        """The area that touches, at least 1."""
        return 1 if self._network is None else self._network.area_mm2

    def settle(self, base: Contact, age_us: int) -> bool:
        """Take how the pads sit and how old they are (0 = does not age); return if that changed."""
        self._base = base
        self._now = base.aged(age_us) if age_us else base
        network = network_of(self.site.area_mm2, self._now)
        moved = network != self._network
        if moved:
            self._network = network
            self._recent.clear()
        return moved

    def through(self, points: Points, compliance_mv: int) -> Passed:
        """Send a pulse through."""
        self.solved += 1
        solved = solve(self._network, points, compliance_mv)
        if len(self._recent) >= REMEMBERED:
            self._recent.clear()
        self._recent[solved.passed.points] = solved
        return solved.passed

    def received(self, delivered: Points) -> Solved:
        """Return what the body got of a pulse that left the device like this (it may be cut)."""
        found = self._recent.get(delivered)
        return solve(self._network, delivered, COMPLIANCE_MV) if found is None else found


class Lead:
    """What a channel is clipped to; leads can change places. A load for a twin."""

    __slots__ = ("pads",)

    def __init__(self, pads: Pads | None) -> None:
        self.pads = pads

    @property
    def nominal_ohm(self) -> int | None:
        """Magnitude of the impedance at a test pulse; None where nothing conducts."""
        return None if self.pads is None else self.pads.nominal_ohm

    def through(self, points: Points, compliance_mv: int) -> Passed:
        """Send a pulse through."""
        load = OpenCircuit() if self.pads is None else self.pads
        return load.through(points, compliance_mv)
