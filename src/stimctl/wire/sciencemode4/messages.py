"""All messages of ScienceMode 4 in one place, and the table from command number to class."""

from __future__ import annotations

from dataclasses import dataclass

from stimctl.wire.sciencemode4.message import Direction, Message
from stimctl.wire.sciencemode4.messages_current import MlGetCurrentData, MlGetCurrentDataAck
from stimctl.wire.sciencemode4.messages_general import (
    GetBatteryStatusAck,
    GetDeviceIdAck,
    GetExtendedVersionAck,
    GetMainStatusAck,
    GetStimStatusAck,
    GetVersionMainAck,
    GetVersionStimAck,
    Version,
)
from stimctl.wire.sciencemode4.messages_low import LlChannelConfig, LlChannelConfigAck, LlInit
from stimctl.wire.sciencemode4.messages_mid import MlChannel, MlInit, MlUpdate
from stimctl.wire.sciencemode4.messages_plain import (
    GeneralError,
    GetBatteryStatus,
    GetDeviceId,
    GetExtendedVersion,
    GetMainStatus,
    GetStimStatus,
    GetVersionMain,
    GetVersionStim,
    LlInitAck,
    LlStop,
    LlStopAck,
    MlInitAck,
    MlStop,
    MlStopAck,
    MlUpdateAck,
    Reset,
    ResetAck,
    ResultAck,
    UnknownCmd,
)
from stimctl.wire.sciencemode4.point import Point, biphasic

__all__ = [
    "BY_COMMAND",
    "Direction",
    "GeneralError",
    "GetBatteryStatus",
    "GetBatteryStatusAck",
    "GetDeviceId",
    "GetDeviceIdAck",
    "GetExtendedVersion",
    "GetExtendedVersionAck",
    "GetMainStatus",
    "GetMainStatusAck",
    "GetStimStatus",
    "GetStimStatusAck",
    "GetVersionMain",
    "GetVersionMainAck",
    "GetVersionStim",
    "GetVersionStimAck",
    "LlChannelConfig",
    "LlChannelConfigAck",
    "LlInit",
    "LlInitAck",
    "LlStop",
    "LlStopAck",
    "Malformed",
    "Message",
    "MlChannel",
    "MlGetCurrentData",
    "MlGetCurrentDataAck",
    "MlInit",
    "MlInitAck",
    "MlStop",
    "MlStopAck",
    "MlUpdate",
    "MlUpdateAck",
    "Point",
    "Reset",
    "ResetAck",
    "ResultAck",
    "UnknownCmd",
    "UnknownCommand",
    "Version",
    "biphasic",
]

BY_COMMAND: dict[int, type[Message]] = {
    kind.command: kind
    for kind in (
        *(LlInit, LlInitAck, LlChannelConfig, LlChannelConfigAck, LlStop, LlStopAck),
        *(MlInit, MlInitAck, MlUpdate, MlUpdateAck, MlStop, MlStopAck),
        *(MlGetCurrentData, MlGetCurrentDataAck),
        *(GetVersionMain, GetVersionMainAck, GetDeviceId, GetDeviceIdAck),
        *(GetBatteryStatus, GetBatteryStatusAck, Reset, ResetAck),
        *(GetVersionStim, GetVersionStimAck, GetStimStatus, GetStimStatusAck),
        *(GetMainStatus, GetMainStatusAck, GeneralError, UnknownCmd),
        *(GetExtendedVersion, GetExtendedVersionAck),
    )
}


@dataclass(frozen=True, slots=True)
class UnknownCommand:
    """A good frame whose command this program does not read; a device answers Unknown_cmd.

    `command` 0..1023, `data` as it came. (The device's own complaint is `UnknownCmd`.)
    """

    command: int
    data: bytes = b""

    @property
    def name(self) -> str:
        """Always "unknown"."""
        return "unknown"

    @property
    def direction(self) -> None:
        """Unknown too: nothing but a known command number tells it."""
        return None

    def pack(self) -> bytes:
        """Return the data bytes as they came."""
        return self.data

    def problems(self) -> tuple[str, ...]:
        """Return that the device does not know this."""
        return (f"command {self.command} is not known: the device answers Unknown_cmd",)

    def quick_pack(self) -> None:
        """Return nothing: this is never plainly valid."""

    def off_grid(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class Malformed:
    """A good frame of a known command with too few data bytes, kept as it came.

    `reason` says what is missing. `result` is still the first byte where this is an answer.
    """

    command: int
    data: bytes
    reason: str

    @property
    def name(self) -> str:
        """The command's name."""
        return BY_COMMAND[self.command].name

    @property
    def direction(self) -> Direction:
        """Who sends this command."""
        return BY_COMMAND[self.command].direction

    @property
    def result(self) -> int | None:
        """The result code 0..255 of an answer, None where there is none."""
        if self.direction is Direction.DEVICE_TO_HOST and self.data:
            return self.data[0]
        return None

    def pack(self) -> bytes:
        """Return the data bytes as they came."""
        return self.data

    def problems(self) -> tuple[str, ...]:
        """Return what is missing."""
        return (self.reason,)

    def quick_pack(self) -> None:
        """Return nothing: this is never plainly valid."""

    def off_grid(self) -> tuple[str, ...]:
        """Return nothing."""
        return ()
