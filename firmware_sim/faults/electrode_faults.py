"""The faults of what is clipped to the device, each with how it begins."""

from __future__ import annotations

from functools import partial

from firmware_sim.firmware.electrodes import Load, nominal_ohm

from .clips import Clip
from .link_faults import Begin, FaultKind
from .model import Place, Spec
from .running import Running

#: Higher than any healthy load, low enough to still pass a little current [D].
HIGH_OHM = 20_000
SHORT_OHM = 30
_RISE_STEPS = 20


def _channels(it: Running) -> list[int]:
    channel = it.parameters["channel"]
    return [channel] if channel else list(range(1, 9))


def _put_load(it: Running, load: Load) -> None:
    clips = it.stage.on_electrodes
    for channel in _channels(it):
        clip = clips.put(channel, load)
        it.count()
        it.on_end(partial(clips.take_off, channel, clip))


def _electrode_off(it: Running) -> None:
    _put_load(it, None)


def _electrode_short(it: Running) -> None:
    _put_load(it, SHORT_OHM)


def _impedance_rising(it: Running) -> None:
    clips = it.stage.on_electrodes
    rising: list[tuple[int, int, Clip]] = []
    for channel in _channels(it):
        if (ohm := nominal_ohm(clips.below(channel))) is not None:
            clip = clips.put(channel, ohm)
            rising.append((channel, ohm, clip))
            it.on_end(partial(clips.take_off, channel, clip))
    done = 0

    def rise() -> None:
        nonlocal done
        if done < _RISE_STEPS:
            done += 1
            for channel, ohm, clip in rising:
                higher = ohm + (it.parameters["ohm"] - ohm) * done // _RISE_STEPS
                clips.change(channel, clip, higher)
                it.count()

    it.every(max(1, it.parameters["over_us"] // _RISE_STEPS), rise)


def _electrodes(name: str, what: str, begin: Begin, **parameters: int) -> FaultKind:
    return Spec(name, Place.ELECTRODES, what, {"channel": 0, **parameters}), begin


ELECTRODE_FAULTS: tuple[FaultKind, ...] = (
    _electrodes("electrode-off", "an open circuit; channel=0 is all", _electrode_off, for_us=0),
    _electrodes("electrode-short", "a short circuit", _electrode_short, for_us=0),
    _electrodes(
        "impedance-rising",
        "the load grows to ohm within over_us",
        _impedance_rising,
        ohm=HIGH_OHM,
        over_us=60_000_000,
        for_us=0,
    ),
)
