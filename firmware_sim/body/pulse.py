"""One pulse through skin and tissue: each phase on its own, in closed form where nothing clips.

Inside, mA, kOhm, V, us, nF and nC: these units need no factors between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, copysign, exp, inf
from typing import NamedTuple

from .load import CLIP_PERMILLE, OpenCircuit, Passed, Points

#: J0 in uA/mm2 (2 mA/cm2): the density at which the skin's resistance has halved [D].
HALVING_UA_PER_MM2 = 20
#: A phase that clips or has a shunt is stepped: no step longer than this, no more than so many [D].
STEP_US = 2.0
MOST_STEPS = 4_096


@dataclass(frozen=True, slots=True)
class Network:
    """Rs in series with (Rp parallel Cp), a shunt across the whole; ohm, pF, mm2.

    rp_ohm holds at low current and falls with density. area_mm2 is what really touches.
    """

    rs_ohm: int
    rp_ohm: int
    cp_pf: int
    area_mm2: int
    shunt_ohm: int | None = None

    @property
    def tau_us(self) -> int:
        """Time constant of the skin at low current in us."""
        return self.rp_ohm * self.cp_pf // 1_000_000


class Solved(NamedTuple):
    """A pulse through a network: what left the device, what the body got, energy in nJ."""

    passed: Passed
    body: Points
    energy_nj: int


class _Phase(NamedTuple):
    """Charges in nC (device, body), skin voltage and lead voltage at the end in V, energy in nJ."""

    charge: float
    body: float
    skin: float
    leads: float
    energy: float
    least: float  # the smallest share of the commanded current


class _Circuit:
    """A network in the units of this module, at a compliance in V."""

    __slots__ = ("cp", "density", "most", "rp", "rs", "shunt")

    def __init__(self, network: Network, compliance_mv: int) -> None:
        self.rs = network.rs_ohm / 1000
        self.rp = network.rp_ohm / 1000
        self.cp = network.cp_pf / 1000
        self.shunt = inf if network.shunt_ohm is None else network.shunt_ohm / 1000
        self.density = network.area_mm2 * HALVING_UA_PER_MM2 / 1000
        self.most = compliance_mv / 1000

    def skin_ohm(self, current: float) -> float:
        """Return Rp at a current: it falls with the density, at once [D; the trend R2]."""
        return self.rp / (1 + abs(current) / self.density)

    def relaxed(self, skin: float, current: float, time: float) -> float:
        """Return the skin voltage after a time at a constant current."""
        rp = self.skin_ohm(current)
        rest = current * rp
        return rest + (skin - rest) * exp(-time / (rp * self.cp))

    def split(self, wanted: float, skin: float) -> tuple[float, float, float]:
        """Return (from the device, through the body, at the leads) at this instant."""
        if self.shunt == inf:
            body = wanted
        else:
            body = (wanted * self.shunt - skin) / (self.rs + self.shunt)
        leads = body * self.rs + skin
        sign = copysign(1.0, wanted)
        if not wanted or sign * leads <= self.most:
            return wanted, body, leads
        body = (sign * self.most - skin) / self.rs
        if self.shunt == inf and sign * body < 0:  # the skin alone holds more than the device has
            return 0.0, 0.0, skin
        device = body + sign * self.most / self.shunt
        return sign * max(0.0, sign * device), body, sign * self.most

    def phase(self, wanted: float, time: float, skin: float) -> _Phase:
        """Pass one phase, starting with a voltage on the skin."""
        end = self.relaxed(skin, wanted, time)
        highest = abs(wanted) * self.rs + max(copysign(1, wanted) * skin, copysign(1, wanted) * end)
        if self.shunt == inf and (not wanted or highest <= self.most):
            return self._exact(wanted, time, skin, end)
        return self._stepped(wanted, time, skin)

    def _exact(self, wanted: float, time: float, skin: float, end: float) -> _Phase:
        rp = self.skin_ohm(wanted)
        volt_seconds = wanted * rp * time - (end - skin) * rp * self.cp
        energy = wanted * (wanted * self.rs * time + volt_seconds)
        charge = wanted * time
        return _Phase(charge, charge, end, wanted * self.rs + end, energy, 1.0)

    def _stepped(self, wanted: float, time: float, skin: float) -> _Phase:
        """Midpoint steps, each exact for a constant current, so that none can run away."""
        steps = min(MOST_STEPS, ceil(time / STEP_US))
        step = time / steps
        charge = through = energy = 0.0
        least = 1.0
        for _ in range(steps):
            _, body, _ = self.split(wanted, skin)
            device, body, leads = self.split(wanted, self.relaxed(skin, body, step / 2))
            skin = self.relaxed(skin, body, step)
            charge += device * step
            through += body * step
            energy += device * leads * step
            if wanted:
                least = min(least, device / wanted)
        return _Phase(charge, through, skin, self.split(wanted, skin)[2], energy, least)


@lru_cache(maxsize=4096)
def solve(network: Network | None, points: Points, compliance_mv: int) -> Solved:
    """Pass a pulse through a network (None = open), each time from rest.

    From rest: at 1 to 100 pulses per second what the pulse before left on the skin (time constant
    2 ms) has decayed, and devices short the electrodes after a pulse [R, RehaStim2].
    """
    if network is None:
        passed = OpenCircuit().through(points, compliance_mv)
        return Solved(passed, passed.points, 0)
    circuit = _Circuit(network, compliance_mv)
    skin = energy = 0.0
    device: list[tuple[int, int]] = []
    body: list[tuple[int, int]] = []
    voltage: list[int] = []
    clipped = False
    for time_us, wanted_ua in points:
        if not time_us:
            device.append((0, wanted_ua))
            body.append((0, wanted_ua))
            voltage.append(0)
            continue
        phase = circuit.phase(wanted_ua / 1000, float(time_us), skin)
        skin = phase.skin
        energy += phase.energy
        clipped = clipped or phase.least < 1 - CLIP_PERMILLE / 1000
        device.append((time_us, round(phase.charge * 1000 / time_us)))
        body.append((time_us, round(phase.body * 1000 / time_us)))
        voltage.append(round(abs(phase.leads) * 1000) if wanted_ua else 0)
    passed = Passed(tuple(device), tuple(voltage), clipped, False)
    return Solved(passed, tuple(body), round(energy))
