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
    """Everything that alarms. The values are the codes of rows; `words` are for people."""

    OUTPUT_NOT_CONFIRMED = "output-not-confirmed"
    READ_BACK_HIGHER = "read-back-higher"
    READ_BACK_DIFFERS = "read-back-differs"
    CURRENT_AT_ZERO = "current-at-zero"
    CONTACT_LOST = "contact-lost"
    SHORT_CIRCUIT = "short-circuit"
    SURGE = "surge"
    IMPEDANCE_RISING = "impedance-rising"
    AREA_IMPLAUSIBLE = "area-implausible"
    COMPLIANCE_REACHED = "compliance-reached"
    FELT_ELSEWHERE = "felt-elsewhere"
    NO_OUTPUT = "contraction-without-output"
    INPUT_LOST = "input-lost"
    INPUT_LATE = "input-late"
    DEVICE_RESET = "device-reset"
    LINK_DEGRADED = "link-degraded"
    NOBODY_ANSWERED = "nobody-answered"
    STOPPED_AT_DEVICE = "stopped-by-person"
    STOP_FACE_LOST = "stop-face-lost"
    DISK_LOW = "disk-low"
    BATTERY_LOW = "battery-low"
    BATTERY_CRITICAL = "battery-critical"

    @property
    def words(self) -> str:
        """What it is, for people."""
        return ALARMS[self].what


@dataclass(frozen=True, slots=True)
class Alarm:
    """Words, priority, automatic action in words, and effect of one condition."""

    what: str
    priority: Priority
    action: str
    effect: Effect


_STOPPING: Final = "output is being stopped"
_PAUSING: Final = "output is paused: see to the input, then resume"
_LOCKING: Final = "raises are locked"

ALARMS: Final[Mapping[Condition, Alarm]] = MappingProxyType(
    {
        Condition.OUTPUT_NOT_CONFIRMED: Alarm(
            "output not confirmed zero", Priority.HIGH, "stop is being repeated", Effect.STOP
        ),
        Condition.READ_BACK_HIGHER: Alarm(
            "the device reports more than was commanded", Priority.HIGH, _STOPPING, Effect.STOP
        ),
        Condition.READ_BACK_DIFFERS: Alarm(
            "the device reports other parameters than were commanded",
            Priority.HIGH,
            _STOPPING,
            Effect.STOP,
        ),
        Condition.CURRENT_AT_ZERO: Alarm(
            "output is reported where none was commanded", Priority.HIGH, _STOPPING, Effect.STOP
        ),
        Condition.CONTACT_LOST: Alarm(
            "electrode contact lost", Priority.MEDIUM, _STOPPING, Effect.STOP
        ),
        Condition.SHORT_CIRCUIT: Alarm(
            "electrodes may touch each other", Priority.MEDIUM, _STOPPING, Effect.STOP
        ),
        Condition.SURGE: Alarm(
            "the current rose suddenly as contact returned",
            Priority.MEDIUM,
            _STOPPING,
            Effect.STOP,
        ),
        Condition.STOPPED_AT_DEVICE: Alarm(
            "stopped by the person or at the device", Priority.MEDIUM, _STOPPING, Effect.STOP
        ),
        Condition.STOP_FACE_LOST: Alarm(
            "a stop face that was tested for this session is gone",
            Priority.MEDIUM,
            _STOPPING,
            Effect.STOP,
        ),
        Condition.FELT_ELSEWHERE: Alarm(
            "a channel is felt at another site than planned", Priority.HIGH, _STOPPING, Effect.STOP
        ),
        Condition.IMPEDANCE_RISING: Alarm(
            "electrode impedance rose by more than 40 %", Priority.MEDIUM, _LOCKING, Effect.LOCK
        ),
        Condition.AREA_IMPLAUSIBLE: Alarm(
            "the measured impedance does not match the electrode area",
            Priority.MEDIUM,
            _LOCKING,
            Effect.LOCK,
        ),
        Condition.COMPLIANCE_REACHED: Alarm(
            "the device is at its voltage limit: the dose is uncertain",
            Priority.MEDIUM,
            _LOCKING,
            Effect.LOCK,
        ),
        Condition.LINK_DEGRADED: Alarm("link degraded", Priority.MEDIUM, _LOCKING, Effect.LOCK),
        Condition.NO_OUTPUT: Alarm(
            "a contraction had no output",
            Priority.MEDIUM,
            "the session goes on: check link and device, or stop",
            Effect.TELL,
        ),
        Condition.INPUT_LOST: Alarm(
            "an input that switches the output is lost", Priority.MEDIUM, _PAUSING, Effect.TELL
        ),
        Condition.INPUT_LATE: Alarm(
            "output follows its input too late", Priority.MEDIUM, _PAUSING, Effect.TELL
        ),
        Condition.DEVICE_RESET: Alarm(
            "the stimulator may have restarted during the pause",
            Priority.MEDIUM,
            "every plateau is at zero",
            Effect.TELL,
        ),
        Condition.NOBODY_ANSWERED: Alarm(
            "nobody answered", Priority.MEDIUM, "output ramps to zero", Effect.TELL
        ),
        Condition.DISK_LOW: Alarm(
            "less than 100 MB are free for the journal",
            Priority.MEDIUM,
            "arming is refused",
            Effect.TELL,
        ),
        Condition.BATTERY_CRITICAL: Alarm(
            "the battery of this computer is at 10 % or less",
            Priority.MEDIUM,
            "arming is refused",
            Effect.TELL,
        ),
        Condition.BATTERY_LOW: Alarm(
            "the battery of this computer is at 20 % or less",
            Priority.LOW,
            "connect the charger",
            Effect.TELL,
        ),
    }
)
