"""ScienceMode 2 messages as plain dictionaries, and back: mA, us and ms as in the manual."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stimctl.errors import WireFormatError
from stimctl.wire.dissector import Json
from stimctl.wire.json_form import JsonForm
from stimctl.wire.json_values import Fields, milli
from stimctl.wire.sciencemode2.messages import (
    BY_COMMAND,
    GetMotomedModeAck,
    GetStimulationModeAck,
    InitChannelListMode,
    ListPulse,
    Message,
    ModeAck,
    Motomed,
    SinglePulse,
    StartChannelListMode,
)
from stimctl.wire.sciencemode2.messages_stimulation import (
    INTER_PULSE_OFFSET_US,
    INTERVAL_STEP_US,
    MAIN_OFFSET_US,
    ONE_SHOT,
)


def _mode_ack(message: ModeAck) -> Json:
    shown: Json = {"result": message.result}
    if message.mode is not None:
        shown["mode"] = message.mode
    return shown


def _mode_ack_reader(kind: type[ModeAck]) -> Callable[[Fields], Message]:
    def read(source: Fields) -> Message:
        return kind(source.integer("result"), source.integer("mode") if "mode" in source else None)

    return read


def _list_mode(message: InitChannelListMode) -> Json:
    main_us = message.main_interval_us or MAIN_OFFSET_US
    return {
        "low_frequency_factor": message.low_frequency_factor,
        "active_channels": message.active_channels,
        "low_frequency_channels": message.low_frequency_channels,
        "inter_pulse_interval_ms": milli(message.inter_pulse_interval_us),
        "inter_pulse_coded": message.inter_pulse_code,
        "main_interval_ms": milli(main_us),
        "main_interval_coded": message.main_interval_code,
        "channel_execution": message.channel_execution,
    }


def _interval_us(source: Fields, name: str, coded: str, offset_us: int) -> int:
    """Return an interval given in ms, as its code, or as both, which must agree."""
    if coded not in source:
        return source.exact_thousandths(name)
    interval_us = source.integer(coded) * INTERVAL_STEP_US + offset_us
    if name in source and source.exact_thousandths(name) != interval_us:
        raise WireFormatError(
            f"{name} and {coded} say different things",
            why=f"the code means {milli(interval_us)} ms",
            what_to_do="leave one of them out",
        )
    return interval_us


def _main_interval_us(source: Fields) -> int:
    """Return the main interval, 0 for one-shot: code 0, beside it 0, 1 or no ms at all."""
    name, coded = "main_interval_ms", "main_interval_coded"
    if coded in source and source.integer(coded) == 0:
        if name in source and source.exact_thousandths(name) not in (ONE_SHOT, MAIN_OFFSET_US):
            raise WireFormatError(f"{coded} 0 means one-shot, and {name} says something else")
        return ONE_SHOT
    return _interval_us(source, name, coded, MAIN_OFFSET_US)


def _list_mode_from(source: Fields) -> InitChannelListMode:
    return InitChannelListMode(
        source.integer("active_channels"),
        _main_interval_us(source),
        _interval_us(source, "inter_pulse_interval_ms", "inter_pulse_coded", INTER_PULSE_OFFSET_US),
        *(source.integer(name) if name in source else 0 for name in _OPTIONAL),
    )


_OPTIONAL = ("low_frequency_factor", "low_frequency_channels", "channel_execution")


def _start(message: StartChannelListMode) -> Json:
    return {
        "channels": [
            {
                "mode": pulse.mode,
                "pulse_width_us": pulse.pulse_width_us,
                "current_ma": milli(pulse.current_ua),
            }
            for pulse in message.channels
        ]
    }


def _start_from(source: Fields) -> StartChannelListMode:
    pulses = []
    for part in source.parts("channels"):
        mode = part.integer("mode") if "mode" in part else 0
        width_us = part.integer("pulse_width_us")
        pulses.append(ListPulse(width_us, part.exact_thousandths("current_ma"), mode))
        part.finish()
    return StartChannelListMode(tuple(pulses))


def _single(message: SinglePulse) -> Json:
    return {
        "channel_index": message.channel_index,
        "pulse_width_us": message.pulse_width_us,
        "current_ma": milli(message.current_ua),
    }


def _single_from(source: Fields) -> SinglePulse:
    return SinglePulse(
        source.integer("channel_index"),
        source.integer("pulse_width_us"),
        source.exact_thousandths("current_ma"),
    )


def _motomed(message: Motomed) -> Json:
    return {"payload_hex": message.data.hex()}


def _motomed_reader(kind: type[Motomed]) -> Callable[[Fields], Message]:
    return lambda source: kind(source.hex_bytes("payload_hex"))


_MOTOMED = [kind for kind in BY_COMMAND.values() if issubclass(kind, Motomed)]
_SHOWN: dict[type[Message], Callable[[Any], Json]] = {
    GetStimulationModeAck: _mode_ack,
    GetMotomedModeAck: _mode_ack,
    InitChannelListMode: _list_mode,
    StartChannelListMode: _start,
    SinglePulse: _single,
    **dict.fromkeys(_MOTOMED, _motomed),
}
_READ: dict[type[Message], Callable[[Fields], Message]] = {
    GetStimulationModeAck: _mode_ack_reader(GetStimulationModeAck),
    GetMotomedModeAck: _mode_ack_reader(GetMotomedModeAck),
    InitChannelListMode: _list_mode_from,
    StartChannelListMode: _start_from,
    SinglePulse: _single_from,
    **{kind: _motomed_reader(kind) for kind in _MOTOMED},
}

FORM = JsonForm(BY_COMMAND, _SHOWN, _READ)
