"""All messages of ScienceMode 2 in one place, and the table from command number to class."""

from __future__ import annotations

from stimctl.wire.message import Direction, Message
from stimctl.wire.sciencemode2.message import ModeAck, ResultAck
from stimctl.wire.sciencemode2.messages_plain import (
    PROTOCOL_VERSION,
    GetMotomedMode,
    GetMotomedModeAck,
    GetStimulationMode,
    GetStimulationModeAck,
    Init,
    InitAck,
    InitChannelListModeAck,
    SinglePulseAck,
    StartChannelListModeAck,
    StimulationError,
    StopChannelListModeAck,
    UnknownCmd,
    Watchdog,
)
from stimctl.wire.sciencemode2.messages_stimulation import (
    DOUBLET,
    ONE_SHOT,
    SINGLE,
    TRIPLET,
    InitChannelListMode,
    ListPulse,
    SinglePulse,
    StartChannelListMode,
    StopChannelListMode,
)
from stimctl.wire.sciencemode2.motomed import MOTOMED_KINDS, Motomed
from stimctl.wire.unread import Malformed, UnknownCommand

__all__ = [
    "BY_COMMAND",
    "DOUBLET",
    "ONE_SHOT",
    "PROTOCOL_VERSION",
    "SINGLE",
    "TRIPLET",
    "Direction",
    "GetMotomedMode",
    "GetMotomedModeAck",
    "GetStimulationMode",
    "GetStimulationModeAck",
    "Init",
    "InitAck",
    "InitChannelListMode",
    "InitChannelListModeAck",
    "ListPulse",
    "Malformed",
    "Message",
    "ModeAck",
    "Motomed",
    "ResultAck",
    "SinglePulse",
    "SinglePulseAck",
    "StartChannelListMode",
    "StartChannelListModeAck",
    "StimulationError",
    "StopChannelListMode",
    "StopChannelListModeAck",
    "UnknownCmd",
    "UnknownCommand",
    "Watchdog",
]

_KINDS: tuple[type[Message], ...] = (
    *(Init, InitAck, UnknownCmd, Watchdog),
    *(GetStimulationMode, GetStimulationModeAck, GetMotomedMode, GetMotomedModeAck),
    *(InitChannelListMode, InitChannelListModeAck),
    *(StartChannelListMode, StartChannelListModeAck),
    *(StopChannelListMode, StopChannelListModeAck),
    *(SinglePulse, SinglePulseAck, StimulationError),
    *MOTOMED_KINDS,
)
BY_COMMAND: dict[int, type[Message]] = {kind.command: kind for kind in _KINDS}
