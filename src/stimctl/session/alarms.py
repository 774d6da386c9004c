"""Every alarm condition: its priority, its words, and what the session does about it by itself.

The priorities and the markers follow the conventions of IEC 60601-1-8 (M+); a face shows marker,
word and place, never colour alone. The conditions are those of the safety facts' table; those that
follow from an error of the device itself are told as a fault with its cause and are high.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Final


class Priority(StrEnum):
    """How soon somebody has to act."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFORMATION = "information"


MARKERS: Final[Mapping[Priority, str]] = MappingProxyType(
    {Priority.HIGH: "!!!", Priority.MEDIUM: "!!", Priority.LOW: "!", Priority.INFORMATION: ""}
)
"""The text before an alarm's words (R2: COMEN monitor manual uses stars; D: exclamation marks)."""


class Effect(Enum):
    """What the session does about a condition by itself."""

    TELL = auto()
    LOCK = auto()
    """Raises of the channel, or of all, are refused while it lasts."""
    STOP = auto()
    """Output is stopped, and the cause latches until it is acknowledged."""


class Condition(StrEnum):
    """Everything that alarms."""

    OUTPUT_NOT_CONFIRMED = "output not confirmed zero"
    READ_BACK_HIGHER = "the device reports more than it was told"
    READ_BACK_DIFFERS = "the device reports other parameters than it was told"
    CURRENT_AT_ZERO = "output is reported where none was asked for"
    CONTACT_LOST = "electrode contact lost"
    SHORT_CIRCUIT = "electrodes may touch each other"
    SURGE = "the current rose suddenly when the contact improved"
    IMPEDANCE_RISING = "electrode impedance rose by more than 40 %"
    AREA_IMPLAUSIBLE = "the measured impedance does not fit the electrode area that was entered"
    COMPLIANCE_REACHED = "the device is at its voltage limit: the dose is uncertain"
    FELT_ELSEWHERE = "a channel is felt at another site than planned"
    NO_OUTPUT = "a contraction had no output"
    DEVICE_RESET = "the device was off before the pause: it may have been reset"
    LINK_DEGRADED = "link degraded"
    NOBODY_ANSWERED = "nobody answered"
    STOPPED_AT_DEVICE = "stopped by the person or at the device"
    STOP_FACE_LOST = "a stop face that was tested for this session is gone"
    DISK_LOW = "less than 100 MB are free for the journal"
    BATTERY_LOW = "the battery of this computer is at 20 % or less"
    BATTERY_CRITICAL = "the battery of this computer is at 10 % or less"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Priority, automatic action in words, and effect of one condition."""

    priority: Priority
    action: str
    effect: Effect


_STOPPING: Final = "output is being stopped"
_LOCKING: Final = "raises are locked"

ALARMS: Final[Mapping[Condition, Alarm]] = MappingProxyType(
    {
        Condition.OUTPUT_NOT_CONFIRMED: Alarm(Priority.HIGH, "stop is being repeated", Effect.STOP),
        Condition.READ_BACK_HIGHER: Alarm(Priority.HIGH, _STOPPING, Effect.STOP),
        Condition.READ_BACK_DIFFERS: Alarm(Priority.HIGH, _STOPPING, Effect.STOP),
        Condition.CURRENT_AT_ZERO: Alarm(Priority.HIGH, _STOPPING, Effect.STOP),
        Condition.CONTACT_LOST: Alarm(Priority.MEDIUM, _STOPPING, Effect.STOP),
        Condition.SHORT_CIRCUIT: Alarm(Priority.MEDIUM, _STOPPING, Effect.STOP),
        Condition.SURGE: Alarm(Priority.MEDIUM, _STOPPING, Effect.STOP),
        Condition.STOPPED_AT_DEVICE: Alarm(Priority.MEDIUM, _STOPPING, Effect.STOP),
        Condition.STOP_FACE_LOST: Alarm(Priority.MEDIUM, _STOPPING, Effect.STOP),
        Condition.FELT_ELSEWHERE: Alarm(Priority.HIGH, _STOPPING, Effect.STOP),
        Condition.IMPEDANCE_RISING: Alarm(Priority.MEDIUM, _LOCKING, Effect.LOCK),
        Condition.AREA_IMPLAUSIBLE: Alarm(Priority.MEDIUM, _LOCKING, Effect.LOCK),
        Condition.COMPLIANCE_REACHED: Alarm(Priority.MEDIUM, _LOCKING, Effect.LOCK),
        Condition.LINK_DEGRADED: Alarm(Priority.MEDIUM, _LOCKING, Effect.LOCK),
        Condition.NO_OUTPUT: Alarm(
            Priority.MEDIUM, "the session goes on: check link and device, or stop", Effect.TELL
        ),
        Condition.DEVICE_RESET: Alarm(Priority.MEDIUM, "every plateau is at zero", Effect.TELL),
        Condition.NOBODY_ANSWERED: Alarm(Priority.MEDIUM, "output ramps to zero", Effect.TELL),
        Condition.DISK_LOW: Alarm(Priority.MEDIUM, "arming is refused", Effect.TELL),
        Condition.BATTERY_CRITICAL: Alarm(Priority.MEDIUM, "arming is refused", Effect.TELL),
        Condition.BATTERY_LOW: Alarm(Priority.LOW, "connect the charger", Effect.TELL),
    }
)
