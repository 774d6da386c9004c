"""The device families that are soaked, a row each; nothing else of the soak tells them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from firmware_sim.faults import FaultError, FaultyTwin
from firmware_sim.faults.registry import usable
from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.scenarios import SCENARIOS, scenario
from stimctl.bench.families import driver_of
from stimctl.devices.driver import AnyDriver
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.devices.rehamove3.sheet import REHAMOVE3_SHEET
from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.devices.sheet import CapabilitySheet
from stimctl.session.states import State
from stimctl.treatment.program import AnyPlan
from tests.soak import soak_protocols as protocols
from tests.soak.soak_protocols import Amplitudes
from tests.soak.soak_troubles import ALL_FAULTS, HOST_FAULTS, LINE_FAULTS, PAD_FAULTS, Draw, one_of

Undo = Callable[[int], None]
"""Ends what somebody did at a device, at a time (ns)."""
Deed = Callable[[Any, int], Undo | None]
"""Does something at a device (the twin, the time in ns) that no line and no host has part in."""


@dataclass(frozen=True, slots=True, eq=False)
class Device:
    """A family. twin: of a scenario and a seed, at its time 0, and the device inside of it.

    text: a protocol that nobody wrote, such as it can play. amplitudes: what is plugged in, each
    channel with its goal. shipped, long, any_long: protocols of stormy sessions, of plain trains
    that last, of everything that lasts. scenarios, calm: of stormy and of quiet sessions. faults:
    everything that can go wrong with it; deeds: what of this is done at the device itself.
    leading: what leads to a state in which a fault is wanted. particular: what is drawn otherwise
    than for a P24. top_number: of its packets.
    """

    sheet: CapabilitySheet
    twin: Callable[[str, int], tuple[FaultyTwin, Any]]
    text: Callable[[Random], str]
    amplitudes: Callable[[Random], Amplitudes]
    shipped: tuple[str, ...]
    long: tuple[str, ...]
    any_long: tuple[str, ...]
    scenarios: tuple[str, ...]
    calm: tuple[str, ...]
    faults: tuple[str, ...]
    leading: Mapping[State, str]
    deeds: Mapping[str, Deed] = field(default_factory=dict)
    particular: Mapping[tuple[str, str], Draw] = field(default_factory=dict)
    top_number: int = 255

    @property
    def family(self) -> str:
        """Its name."""
        return self.sheet.family

    @property
    def step_ua(self) -> int:
        """One step of its current (uA)."""
        return self.sheet.bounds.amplitude_step_ua

    @property
    def watchdog_ns(self) -> int:
        """How long it goes on without a host (ns)."""
        assert self.sheet.watchdog_us is not None, "without a dead-man there is nothing to soak"
        return self.sheet.watchdog_us * 1_000

    def new_driver(self) -> AnyDriver:
        """A driver that has said nothing yet."""
        return driver_of(self.family)

    def plan(self, name: str, duration_s: int, amplitudes: Amplitudes) -> AnyPlan | None:
        """A shipped protocol (its name) or a drawn one (its number); None: it cannot play it."""
        return protocols.plan_for(self.sheet, self.text, name, duration_s, amplitudes)


_CALM = (
    "normal-tens",
    "normal-nmes",
    "high-Z",
    "wet-electrodes",
    "fatigued",
    "sensitive-patient",
    "insensate-patient",
    "obese-high-threshold",
    "denervated-no-response",
    "noisy-impedance",
    "dry-gel",
)
_PLAIN = ("tens-conventional", "tens-spasticity", "ttns-oab")


def _p24(name: str, seed: int) -> tuple[FaultyTwin, Any]:
    twin = scenario(name).start("p24", seed)
    return twin, twin.device


P24 = Device(
    sheet=P24_SHEET,
    twin=_p24,
    text=protocols.drawn_text,
    amplitudes=protocols.drawn_amplitudes,
    shipped=protocols.SHIPPED,
    long=_PLAIN,
    any_long=(*_PLAIN, "tens-modulated"),
    scenarios=tuple(SCENARIOS),
    calm=_CALM,
    faults=ALL_FAULTS,
    leading={State.UNKNOWN: "mute", State.FAULT: "over-temperature"},
    top_number=63,
)


def _rehastim2(name: str, seed: int) -> tuple[FaultyTwin, Any]:
    twin = scenario(name).start("rehastim2", seed)
    worn: Any = twin.device
    return twin, worn.twin


def _can_be_played(name: str) -> bool:
    """Whether nothing happens in a scenario that takes the firmware of a P24."""
    try:
        _rehastim2(name, 0)
    except FaultError:
        return False
    return True


def _press_emergency(device: RehaStim2Twin, _now_ns: int) -> Undo:
    device.set_emergency(True)
    return lambda _now_ns: device.set_emergency(False)


def _fail_module(device: RehaStim2Twin, _now_ns: int) -> None:
    device.fail_module()


def _switch_off(device: RehaStim2Twin, now_ns: int) -> Undo:
    device.power_off(now_ns)
    return device.power_on


_DEEDS: Mapping[str, Deed] = {
    "emergency-switch": _press_emergency,
    "module-fails": _fail_module,
    "switched-off": _switch_off,
}

REHASTIM2 = Device(
    sheet=REHASTIM2_SHEET,
    twin=_rehastim2,
    text=protocols.drawn_text_of_one_rhythm,
    amplitudes=protocols.drawn_even_amplitudes,
    shipped=protocols.SHIPPED,
    long=_PLAIN,
    any_long=(*_PLAIN, "nmes-endurance", "nmes-wrist-ext"),
    scenarios=tuple(filter(_can_be_played, SCENARIOS)),
    calm=tuple(name for name in _CALM if name != "high-Z"),  # its skin test lets nothing through
    faults=LINE_FAULTS + PAD_FAULTS + HOST_FAULTS + tuple(_DEEDS),
    leading={State.UNKNOWN: "mute", State.FAULT: "module-fails"},
    deeds=_DEEDS,
    particular={
        # Its supply is its own: a pulled cable does not switch it off.
        ("unplug", "powered"): one_of(1),
        ("replug-elsewhere", "powered"): one_of(1),
        ("unplug-during-stop", "powered"): one_of(1),
        # Its frames have a checksum of 8 bits: of frames with four and more wrong bits, one in 128
        # is taken for sound, which no program can know.
        ("flip", "ppm"): one_of(500, 2_000, 5_000),
    },
)


def _rehamove3(name: str, seed: int) -> tuple[FaultyTwin, Any]:
    twin = scenario(name).start("rehamove3", seed)
    return twin, twin.device


REHAMOVE3 = Device(
    sheet=REHAMOVE3_SHEET,
    twin=_rehamove3,
    text=protocols.drawn_text,
    amplitudes=protocols.drawn_amplitudes,
    shipped=protocols.SHIPPED,
    long=_PLAIN,
    any_long=_PLAIN,
    scenarios=tuple(SCENARIOS),
    calm=_CALM,
    faults=(*usable("rehamove3"), *HOST_FAULTS),
    leading={State.UNKNOWN: "mute", State.FAULT: "over-temperature"},
    particular={
        # It has a battery: a pulled cable does not switch it off.
        ("unplug", "powered"): one_of(1),
        ("replug-elsewhere", "powered"): one_of(1),
        ("unplug-during-stop", "powered"): one_of(1),
    },
    top_number=63,
)

DEVICES = (P24, REHASTIM2, REHAMOVE3)
P24_BURSTS = replace(P24, text=protocols.drawn_text_of_bursts)
REHASTIM2_GROUPS = replace(REHASTIM2, text=protocols.drawn_text_of_groups)
