"""All messages of ScienceMode 3 in one place, and the table from command number to class.

Requests without data are those of ScienceMode 4. There is no Get_extended_version (68): a device
answers it with UnknownCmd, which is how a RehaMove3 is told from a P24.
"""

from __future__ import annotations

from stimctl.wire.message import Direction, Message
from stimctl.wire.sciencemode3.messages_general import (
    GeneralError,
    GetBatteryStatusAck,
    GetDeviceIdAck,
    GetMainStatusAck,
    GetStimStatusAck,
    GetVersionMainAck,
    GetVersionStimAck,
    LlStopAck,
    MlInitAck,
    MlStopAck,
    MlUpdateAck,
    ResetAck,
    UnknownCmd,
)
from stimctl.wire.sciencemode3.messages_low import (
    LlChannelConfig,
    LlChannelConfigAck,
    LlInit,
    LlInitAck,
)
from stimctl.wire.sciencemode3.messages_mid import (
    MlChannel,
    MlGetCurrentData,
    MlGetCurrentDataAck,
    MlInit,
    MlUpdate,
)
from stimctl.wire.sciencemode3.point import Point
from stimctl.wire.sciencemode4.messages_general import Version
from stimctl.wire.sciencemode4.messages_plain import (
    GetBatteryStatus,
    GetDeviceId,
    GetMainStatus,
    GetStimStatus,
    GetVersionMain,
    GetVersionStim,
    LlStop,
    MlStop,
    Reset,
)
from stimctl.wire.unread import Malformed, UnknownCommand

__all__ = [
    "BY_COMMAND",
    "Direction",
    "GeneralError",
    "GetBatteryStatus",
    "GetBatteryStatusAck",
    "GetDeviceId",
    "GetDeviceIdAck",
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
    "UnknownCmd",
    "UnknownCommand",
    "Version",
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
    )
}
