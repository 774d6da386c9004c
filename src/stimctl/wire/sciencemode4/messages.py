"""All messages of ScienceMode 4 in one place, and the table from command number to class."""

from __future__ import annotations

from stimctl.wire.message import Direction, Message
from stimctl.wire.sciencemode4.messages_current import MlGetCurrentData, MlGetCurrentDataAck
from stimctl.wire.sciencemode4.messages_general import (
    GetBatteryStatusAck,
    GetDeviceIdAck,
    GetExtendedVersionAck,
    GetMainStatusAck,
    GetStimStatusAck,
    GetVersionMainAck,
    GetVersionStimAck,
    SetPower,
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
    SetPowerAck,
    UnknownCmd,
)
from stimctl.wire.sciencemode4.point import Point, biphasic
from stimctl.wire.unread import Malformed, UnknownCommand

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
    "SetPower",
    "SetPowerAck",
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
        *(GetBatteryStatus, GetBatteryStatusAck, SetPower, SetPowerAck, Reset, ResetAck),
        *(GetVersionStim, GetVersionStimAck, GetStimStatus, GetStimStatusAck),
        *(GetMainStatus, GetMainStatusAck, GeneralError, UnknownCmd),
        *(GetExtendedVersion, GetExtendedVersionAck),
    )
}
