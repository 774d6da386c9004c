"""What a twin cannot know of a device, by family: not compared, with the reason, and always told.

Everything else is compared. A family without a row here has nothing that is left out.
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


_NAMES_DEVICE = "it names one device"
_NAMES_FIRMWARE = "it tells the firmware of one device; the twin stands for one version"
_BATTERY = "the supply of one device at one time"
_MEASURED = "measured: it depends on what is connected to the channel"

_OF_SCIENCEMODE_3_AND_4 = (
    NotCompared("get_device_id_ack", "device_id", _NAMES_DEVICE),
    NotCompared("get_version_main_ack", "fw", _NAMES_FIRMWARE),
    NotCompared("get_version_stim_ack", "fw", _NAMES_FIRMWARE),
    NotCompared("get_battery_status_ack", "battery_level_pct", _BATTERY),
    NotCompared("get_battery_status_ack", "battery_mv", _BATTERY),
)

BY_FAMILY: dict[str, tuple[NotCompared, ...]] = {
    "p24": (
        *_OF_SCIENCEMODE_3_AND_4,
        NotCompared("get_extended_version_ack", "fw", _NAMES_FIRMWARE),
        NotCompared("get_extended_version_ack", "fw_hash", _NAMES_FIRMWARE),
        NotCompared("get_extended_version_ack", "hash_type", _NAMES_FIRMWARE),
        NotCompared("get_extended_version_ack", "hash_valid", _NAMES_FIRMWARE),
        NotCompared("ll_channel_config_ack", "samples", _MEASURED),
    ),
    "rehamove3": _OF_SCIENCEMODE_3_AND_4,
    "rehastim2": (),
    "openemsstim": (),
}


def not_compared(family: str, message: str, field: str) -> NotCompared | None:
    """The row that covers this field, or None: it is compared."""
    rows = BY_FAMILY.get(family, ())
    return next((row for row in rows if row.covers(message, field)), None)
