"""The faults of the line, each with how it begins."""

from __future__ import annotations

import random
from collections.abc import Callable

from . import effects
from .effects import Effect, Parameters
from .model import BOTH, TO_DEVICE, TO_HOST, Place, Spec
from .running import Running
from .wires import Wire

Begin = Callable[[Running], None]
FaultKind = tuple[Spec, Begin | None]

#: From supply to the first command that is heard [D].
BOOT_US = 1_500_000
GET_STIM_STATUS = 62


def pull_plug(it: Running, *, elsewhere: bool, powered: bool) -> None:
    """Unplug now; plug in again when the fault ends."""
    stage = it.stage
    lanes = (stage.link.to_device, stage.link.to_host)
    lost_before = sum(lane.lost for lane in lanes)

    def plug_in() -> None:
        it.count(sum(lane.lost for lane in lanes) - lost_before)
        stage.link.plug_in(elsewhere=elsewhere)
        stage.log({"event": "plugged in", "place": stage.link.place})
        if not powered and stage.firmware is not None:
            stage.firmware.crash(BOOT_US)

    stage.link.unplug()
    stage.device.line_lost()
    if not powered:
        stage.device.power_off(stage.now_us() * 1000)
    it.count()
    stage.log({"event": "unplugged"})
    it.on_end(plug_in)


def _unplug(it: Running) -> None:
    pull_plug(it, elsewhere=False, powered=bool(it.parameters["powered"]))


def _replug_elsewhere(it: Running) -> None:
    pull_plug(it, elsewhere=True, powered=bool(it.parameters["powered"]))


def _unplug_during_stop(it: Running) -> None:
    powered = bool(it.parameters["powered"])

    def pull() -> None:
        if it.active:
            pull_plug(it, elsewhere=False, powered=powered)

    it.on_line(
        lambda parameters, rng: effects.CutStop(
            parameters, rng, it.stage.wire, lambda at_us: it.stage.at(at_us, pull)
        ),
        TO_DEVICE,
    )


def _stall(it: Running) -> None:
    it.stage.link.stall(it.count)
    it.on_end(lambda: it.stage.link.go_on(it.count))


def _hang(it: Running) -> None:
    _stall(it)
    it.on_line(effects.Hold, TO_DEVICE)


def _xoff(it: Running) -> None:
    if it.parameters["direction"] & TO_DEVICE:
        _stall(it)
    it.on_line(effects.Hold)


def _echo(it: Running) -> None:
    it.on_line(
        lambda parameters, rng: effects.Echo(parameters, rng, it.stage.link.to_host.inject),
        TO_DEVICE,
    )


def _garbage(it: Running) -> None:
    rng = it.rng("garbage")

    def burst() -> None:
        for lane in it.stage.link.lanes(it.parameters["direction"]):
            lane.inject(it.stage.now_us(), rng.randbytes(it.parameters["bytes"]))
            it.count(it.parameters["bytes"])

    it.every(it.parameters["every_us"], burst)


def _break(it: Running) -> None:
    for lane in it.stage.link.lanes(it.parameters["direction"]):
        lane.inject(it.stage.now_us(), b"\0")  # what a receiver makes of it
        it.count()
    it.on_line(effects.Mute)


def _second_writer(it: Running) -> None:
    rng = it.rng("packet numbers")

    def write() -> None:
        frame = it.stage.wire.other(rng, it.parameters["command"])
        it.stage.link.to_device.inject(it.stage.now_us(), frame)
        it.count()

    it.every(it.parameters["every_us"], write)


def _on_line(make: type[Effect]) -> Begin:
    return lambda it: it.on_line(make)


def _on_frames(make: Callable[[Parameters, random.Random, Wire], Effect]) -> Begin:
    return lambda it: it.on_line(lambda parameters, rng: make(parameters, rng, it.stage.wire))


def _link(name: str, what: str, begin: Begin, **parameters: int) -> FaultKind:
    return Spec(name, Place.LINK, what, parameters), begin


LINK_FAULTS: tuple[FaultKind, ...] = (
    _link("unplug", "the cable is pulled", _unplug, powered=1, for_us=0),
    _link(
        "replug-elsewhere",
        "the cable is pulled and plugged in again, as another port",
        _replug_elsewhere,
        powered=1,
        for_us=1_000_000,
    ),
    _link(
        "unplug-during-stop",
        "the cable is pulled while the next stop command is on the line",
        _unplug_during_stop,
        powered=1,
        for_us=0,
    ),
    _link("hang", "the device reads nothing; what was sent arrives at the end", _hang, for_us=0),
    _link(
        "mute",
        "the device answers nothing",
        _on_line(effects.Mute),
        direction=TO_HOST,
        for_us=0,
    ),
    _link("slow", "a line of few baud", _on_line(effects.Slow), baud=300, direction=BOTH, for_us=0),
    _link(
        "latency",
        "everything comes later",
        _on_line(effects.Latency),
        delay_us=200_000,
        direction=BOTH,
        for_us=0,
    ),
    _link(
        "jitter",
        "each frame comes later by another time",
        _on_frames(effects.Jitter),
        most_us=50_000,
        direction=BOTH,
        for_us=0,
    ),
    _link(
        "drop",
        "frames are lost",
        _on_frames(effects.Drop),
        permille=200,
        direction=BOTH,
        for_us=0,
    ),
    _link("flip", "bits flip", _on_line(effects.Flip), ppm=10_000, direction=BOTH, for_us=0),
    _link(
        "duplicate",
        "frames come twice",
        _on_frames(effects.Duplicate),
        permille=1000,
        direction=BOTH,
        for_us=0,
    ),
    _link(
        "split",
        "bytes come one by one",
        _on_line(effects.Split),
        spacing_us=100,
        direction=BOTH,
        for_us=0,
    ),
    _link(
        "merge",
        "bytes come in lumps",
        _on_line(effects.Merge),
        every_us=16_000,
        direction=BOTH,
        for_us=0,
    ),
    _link(
        "garbage",
        "bytes that nobody sent; with every_us again and again",
        _garbage,
        bytes=64,
        every_us=0,
        direction=BOTH,
        for_us=0,
    ),
    _link("xoff-stuck", "flow control holds everything back", _xoff, direction=BOTH, for_us=0),
    _link("echo", "the host hears itself", _echo, for_us=0),
    _link(
        "half-frame",
        "half of the next frame, then silence",
        _on_frames(effects.HalfFrame),
        direction=TO_HOST,
        for_us=0,
    ),
    _link(
        "wrong-crc",
        "every frame has a wrong checksum",
        _on_frames(effects.WrongCrc),
        direction=TO_HOST,
        for_us=0,
    ),
    _link(
        "break", "a break condition: a NUL, then nothing", _break, direction=BOTH, for_us=250_000
    ),
    _link(
        "baud-mismatch",
        "host and device disagree on the rate",
        _on_line(effects.BaudMismatch),
        direction=BOTH,
        for_us=0,
    ),
    _link(
        "second-writer",
        "another program writes to the port",
        _second_writer,
        command=GET_STIM_STATUS,
        every_us=500_000,
        for_us=0,
    ),
)
