"""What nobody but the device itself can know of what it says: not compared with a twin.

Each wire has its rows, with the reason; everything else is compared. What is left out is always
told.
"""

from __future__ import annotations

from typing import NamedTuple


class NotCompared(NamedTuple):
    """A field of a message, with all that lies below it, and why it is not compared."""

    message: str
    field: str
    reason: str

    def covers(self, message: str, field: str) -> bool:
        """Whether this is the field, or a part of it."""
        rest = field.removeprefix(self.field)
        return message == self.message and (field == self.field or rest[:1] in ("[", "."))


class Repeated(NamedTuple):
    """The first message of a device that counts its own packets, said until a host accepts it."""

    message: str
    every_ns: int


NAMES_DEVICE = "it names one device"
NAMES_FIRMWARE = "it tells the firmware of one device; the twin stands for one version"
BATTERY = "the supply of one device at one time"
MEASURED = "measured: it depends on what is connected to the channel"

OF_GENERAL_LAYER = (
    NotCompared("get_device_id_ack", "device_id", NAMES_DEVICE),
    NotCompared("get_version_main_ack", "fw", NAMES_FIRMWARE),
    NotCompared("get_version_stim_ack", "fw", NAMES_FIRMWARE),
    NotCompared("get_battery_status_ack", "battery_level_pct", BATTERY),
    NotCompared("get_battery_status_ack", "battery_mv", BATTERY),
)
"""Of ScienceMode 3 and 4, whose general layers are alike."""
