"""The capability sheet: what a device family can do, cannot do, and does when its host dies.

A sheet is data. The safety model reads `bounds`, the engine reads the keep-alive and the
watchdog, the faces show the rest. Every number that comes from the world is listed once more in
`facts`, with its source and its certainty, so that a reader can tell a vendor statement from a
decision of ours; a test holds `facts` and the fields together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stimctl.errors import BugError, LimitRefusedError
from stimctl.safety.cleared import SetPoint
from stimctl.safety.device_bounds import DeviceBounds, PercentBounds
from stimctl.safety.intensity import IntensityPoint
from stimctl.stimulus.level import CURRENT, PERCENT, AnyScale


class Readback(StrEnum):
    """What a device lets its host read back; nothing beyond it is ever shown as confirmed."""

    NONE = "none"
    STATE = "state"
    PARAMETERS = "parameters"
    MEASURED = "measured"


class IntendedUse(StrEnum):
    """The use its maker declares for a device, shown on screen and in every report."""

    RESEARCH_ONLY = "research only"
    MEDICAL_DEVICE = "medical device"
    UNKNOWN = "unknown"


class Presence(StrEnum):
    """Whether a device has a protection; `UNKNOWN` is an answer and is shown as such."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement about the device: its value as text with unit, source tag and certainty.

    `source` is one of [IFU] (the maker's manual), [LIB] (the maker's library), [PEER] (a client
    known to work), [POLICY] (decided here); `certainty` one of R, R2, M+, M?, D: read in a primary
    text, read in a secondary text, remembered firmly, remembered, decided here.
    """

    name: str
    value: str
    source: str
    certainty: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Protection:
    """One protection of the person that the device itself may have."""

    presence: Presence
    note: str
    source: str
    certainty: str


@dataclass(frozen=True, slots=True)
class PatientProtections:
    """The four protections of the FDA's table for powered muscle stimulators (1999 guidance)."""

    overload_trip: Protection
    no_load_trip: Protection
    automatic_shut_off: Protection
    patient_override: Protection


@dataclass(frozen=True, slots=True)
class UsbId:
    """A USB vendor and product id. It helps to list ports and never proves an identity."""

    vendor: int
    product: int


@dataclass(frozen=True, slots=True)
class RunAfterHostDeath:
    """The longest time output can go on when nothing commands the device any more, in us.

    `as_shipped_us`: for a host that keeps the device alive to the last moment.
    `under_our_rules_us`: with every process of ours killed at once, the worst case.
    `with_supervisor_or_face_alive_us`: one of the two processes survives and stops the device.
    None where nothing bounds it.
    """

    as_shipped_us: int | None
    under_our_rules_us: int | None
    note: str
    with_supervisor_or_face_alive_us: int | None = 300_000


@dataclass(frozen=True, slots=True)
class CapabilitySheet:
    """Everything stimctl assumes about one device family.

    `watchdog_us`: the device stops by itself when the host is silent for so long; None = never.
    `keep_alive_us`: how often the engine lets its driver speak while output is on, or always where
    `connection_expires`; `refresh_us`: more often while output is on, None = no more often.
    `connection_expires`: an idle device, too, lets its host go when it hears nothing for
    `watchdog_us`. `channels_first`: the channels of a run, and their rhythm, must be chosen before
    any of them gets current.
    `stop_instruction`: what a person does at the device when stimctl cannot confirm zero.

    A device is either a source of current (`current`) or lets through a part of what another one
    gives (`external_pulses`); of the second kind nothing is known in milliampere.
    `boot_us`: opening the port restarts the device, which is ready so much later; None = no.
    `onset_us`: from a command to the first pulse at most, None = unknown; `onset_measured`: on a
    device, which functional output on hardware needs (N8). `ramp_tick_us`: how often a ramp of
    functional output moves, and `shortest_ramp_us`: how short it may be there.
    `package`: whose driver it is, with its version and the hash of its files; "" for stimctl's own.
    """

    family: str
    model: str
    maker: str
    wire: str
    current: DeviceBounds | None
    watchdog_us: int | None
    keep_alive_us: int
    readback: Readback
    intended_use: IntendedUse
    run_after_host_death: RunAfterHostDeath
    protections: PatientProtections
    stop_instruction: str
    usb_ids: tuple[UsbId, ...]
    facts: tuple[Fact, ...]
    refresh_us: int | None = None
    connection_expires: bool = False
    channels_first: bool = False
    external_pulses: PercentBounds | None = None
    boot_us: int | None = None
    onset_us: int | None = None
    onset_measured: bool = False
    ramp_tick_us: int = 20_000
    shortest_ramp_us: int = 100_000
    package: str = ""

    def __post_init__(self) -> None:
        if (self.current is None) == (self.external_pulses is None):
            raise BugError(f"the sheet of {self.family} must have one kind of bounds")

    @property
    def bounds(self) -> DeviceBounds:
        """What it can do as a source of current. LimitRefusedError where it is none."""
        if self.current is None:
            raise LimitRefusedError(
                f"{self.family} has no current control",
                why="it lets through a part of what another device gives, and knows no "
                "milliampere, pulse width or frequency",
                what_to_do="use a protocol for external pulses, or a device with current control",
            )
        return self.current

    @property
    def scale(self) -> AnyScale:
        """In what its levels are counted."""
        return CURRENT if self.external_pulses is None else PERCENT

    @property
    def point(self) -> type[SetPoint | IntensityPoint]:
        """The kind of point that its driver takes."""
        return SetPoint if self.external_pulses is None else IntensityPoint

    @property
    def isolation_stated(self) -> bool:
        """Whether its maker answers for it that no mains current flows through the person (H56):
        by a medical device, or in a text that was read."""
        told = any(one.name == "isolation" and one.certainty == "R" for one in self.facts)
        return told or self.intended_use is IntendedUse.MEDICAL_DEVICE

    @property
    def calibrated(self) -> bool:
        """Whether its amplitude is a known current, so that a dose can be told."""
        return self.current is not None and self.current.calibrated

    @property
    def channels(self) -> int:
        """How many channels it has, numbered from 1."""
        return (self.external_pulses or self.bounds).channels

    @property
    def has_watchdog(self) -> bool:
        """False makes the device attended only."""
        return self.watchdog_us is not None

    @property
    def longest_run_after_host_death_us(self) -> int | None:
        """The worst case under our rules, in us; None where nothing bounds it."""
        return self.run_after_host_death.under_our_rules_us

    def fact(self, name: str) -> Fact:
        """The fact called `name`; KeyError when the sheet has none."""
        for fact in self.facts:
            if fact.name == name:
                return fact
        raise KeyError(name)
