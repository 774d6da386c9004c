"""The faults of the device, each with how it begins."""

from __future__ import annotations

from collections.abc import Callable

from firmware_sim.firmware.p24_commands import Command, Result
from firmware_sim.firmware.p24_general import FIRMWARE_HASH, HASH_IS_GIT, HASH_VALID, device_id

from . import effects, misbehaviour
from .link_faults import BOOT_US, Begin, FaultKind, pull_plug
from .misbehaviour import ALL_COMMANDS, Misbehaviour
from .model import BOTH, Place, Spec
from .running import Running

_NOT_MEASURED = "a P24 measures nothing of a running train"


def _firmware(make: Callable[[misbehaviour.Parameters], Misbehaviour]) -> Begin:
    return lambda it: it.in_firmware(make(it.parameters))


def _dead_man_missing(it: Running) -> None:
    it.count()
    it.on_end(it.stage.misbehaving.limit(lambda _: None))


def _dead_man_scaled(it: Running) -> None:
    permille = it.parameters["permille"]
    it.count()
    it.on_end(
        it.stage.misbehaving.limit(
            lambda limit_us: None if limit_us is None else limit_us * permille // 1000
        )
    )


def _stuck(it: Running) -> None:
    _dead_man_missing(it)
    it.in_firmware(misbehaviour.AckOnly({"command": ALL_COMMANDS}))


def _reset(it: Running) -> None:
    it.count()
    it.stage.misbehaving.crash(it.parameters["boot_us"])


def _reset_keeps_output(it: Running) -> None:
    device = it.stage.misbehaving
    had_output = device.stimulating
    _reset(it)

    def restore() -> None:
        if had_output:
            it.count()
            device.restore()

    it.stage.at(it.stage.now_us() + it.parameters["boot_us"], restore)


def _low_battery(it: Running) -> None:
    it.on_line(effects.Flip)
    device, stage = it.stage.misbehaving, it.stage

    def sag() -> None:
        if device.stimulating:
            it.count()
            device.crash(it.parameters["boot_us"])
            stage.log({"event": "supply too low"})

    stage.at(
        stage.now_us() + it.parameters["every_us"], lambda: it.every(it.parameters["every_us"], sag)
    )


def _over_temperature(it: Running) -> None:
    it.count()
    it.stage.misbehaving.overheat()
    it.in_firmware(misbehaviour.RefuseInit(it.parameters))


def _local_knob(it: Running) -> None:
    it.count()
    it.stage.misbehaving.turn(it.parameters["channel"], it.parameters["permille"])


def _clock_wrap(it: Running) -> None:
    device = it.stage.misbehaving
    it.count()
    if it.parameters["early"]:
        device.expire()
        return
    it.in_firmware(misbehaviour.UntilFed(it.parameters, device.limit(lambda _: None)))


def _version(firmware: tuple[int, int, int], sciencemode: tuple[int, int, int]) -> bytes:
    return bytes((Result.OK, *firmware, *sciencemode))


def _versions(firmware: tuple[int, int, int], wire: tuple[int, int, int]) -> dict[Command, bytes]:
    version = _version(firmware, wire)
    return {
        Command.GET_VERSION_MAIN: version,
        Command.GET_VERSION_STIM: version,
        Command.GET_EXTENDED_VERSION: version + FIRMWARE_HASH + bytes((HASH_IS_GIT, HASH_VALID)),
    }


def _firmware_changes(it: Running) -> None:
    pull_plug(it, elsewhere=False, powered=False)
    it.count()
    it.stage.misbehaving.become(_versions((1, 1, 0), it.stage.misbehaving.sciencemode))


def _other_serial(it: Running) -> None:
    pull_plug(it, elsewhere=False, powered=False)
    it.count()
    name = device_id(it.rng("serial").randrange(1_000_000, 9_000_000))
    it.stage.misbehaving.become({Command.GET_DEVICE_ID: bytes((Result.OK,)) + name})


def _lies(it: Running) -> None:
    device = it.stage.misbehaving
    lies = _versions((0, 0, 0), (2, 0, 0))
    lies[Command.GET_DEVICE_ID] = bytes((Result.OK,)) + b"REHASTIM 2"
    it.count()
    it.on_end(device.pretend(lies))


def _device(name: str, what: str, begin: Begin, **parameters: int) -> FaultKind:
    return Spec(name, Place.DEVICE, what, parameters), begin


def _inapplicable(name: str, what: str, why: str) -> FaultKind:
    return Spec(name, Place.DEVICE, what, {}, inapplicable=why), None


DEVICE_FAULTS: tuple[FaultKind, ...] = (
    _device("nak", "every command is refused", _firmware(misbehaviour.Nak), result=2, for_us=0),
    _device(
        "ack-only",
        "commands that change something are acknowledged and not obeyed",
        _firmware(misbehaviour.AckOnly),
        command=ALL_COMMANDS,
        for_us=0,
    ),
    _device(
        "no-ack",
        "commands that change something are obeyed and not acknowledged",
        _firmware(misbehaviour.NoAck),
        command=ALL_COMMANDS,
        for_us=0,
    ),
    _device(
        "twice",
        "commands that change something are obeyed and answered twice",
        _firmware(misbehaviour.Twice),
        command=ALL_COMMANDS,
        for_us=0,
    ),
    _device(
        "wrong-channel",
        "another channel is driven",
        _firmware(misbehaviour.WrongChannel),
        by=1,
        for_us=0,
    ),
    _device("stuck-output", "output cannot be changed any more, nor expire", _stuck, for_us=0),
    _inapplicable("measurement-drifts", "measured departs from set", _NOT_MEASURED),
    _inapplicable("measurement-frozen", "measured never changes", _NOT_MEASURED),
    _device("reset", "the device starts again by itself", _reset, boot_us=BOOT_US),
    _device(
        "reset-keeps-output",
        "the device starts again and restores its output",
        _reset_keeps_output,
        boot_us=BOOT_US,
    ),
    _device(
        "firmware-changes",
        "unplugged, and back with another firmware version",
        _firmware_changes,
        for_us=1_000_000,
    ),
    _device(
        "other-serial",
        "unplugged, and back as another device of its kind",
        _other_serial,
        for_us=1_000_000,
    ),
    _device("lies-on-identify", "it says it is another product", _lies, for_us=0),
    _device(
        "low-battery",
        "brown-out of the USB supply: bit errors, and a reset each every_us under load",
        _low_battery,
        every_us=5_000_000,
        boot_us=BOOT_US,
        ppm=200,
        direction=BOTH,
        for_us=0,
    ),
    _device(
        "over-temperature",
        "the device ends its output, says so and refuses to be initialised",
        _over_temperature,
        for_us=60_000_000,
    ),
    _inapplicable("patient-button", "the patient stops", "a P24 has no patient button"),
    _device(
        "clock-wrap",
        "the millisecond clock wraps: early=1 ends output, early=0 forgets the keep-alive limit",
        _clock_wrap,
        early=1,
    ),
    _device(
        "number-wrap",
        "packet number 0 after 63 is taken for an old packet",
        _firmware(misbehaviour.IgnoreWrap),
        for_us=0,
    ),
    _device(
        "dead-man-missing", "output never ends for want of a host", _dead_man_missing, for_us=0
    ),
    _device(
        "dead-man-late", "it ends three times too late", _dead_man_scaled, permille=3000, for_us=0
    ),
    _device("dead-man-short", "it ends too early", _dead_man_scaled, permille=250, for_us=0),
    _device(
        "local-knob",
        "the current is changed at the device; permille=0 switches off, channel=0 is all",
        _local_knob,
        channel=0,
        permille=0,
    ),
)
