"""The faults that only a bench shows, each with how it begins: for every device alike.

The device answers as a healthy one. Current, time, channel or end of its output are another than it
was told, or what protects at its electrodes does not act. Without a load and an oscilloscope no
host can know of them, so they are no faults of a session: `registry.applicable` leaves them out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware_sim.firmware.recorder import Recorder, Row

from .link_faults import Begin, FaultKind
from .model import FaultError, Place, Spec
from .output_stage import (
    OutputStage,
    Parameters,
    Rate,
    Scaled,
    StepsMissing,
    Swapped,
    Unbalanced,
    Widened,
    ends_late,
    outlives_host,
)
from .running import Running

#: Long enough for anybody to see it, short enough to end.
PERSISTS_US = 8_000_000


def _stage(make: Callable[[Parameters, Recorder], OutputStage]) -> Begin:
    def begin(it: Running) -> None:
        recorder = it.stage.device.recorder
        stage = make(it.parameters, recorder)

        def flush() -> None:
            held = stage.flush()
            stage.is_late = True
            for one in held:
                recorder.add(one)
            stage.is_late = False

        def heard(row: Row) -> None:
            if row["kind"] == "rx":
                flush()
                stage.line_us = row["at_us"]

        stage.wake = lambda at_us: it.stage.at(at_us, flush)
        recorder.tap(heard, line=True)
        recorder.alter(stage.rows)
        it.counts(lambda: stage.changed)

        def end() -> None:
            stage.active = False

        it.on_end(end)

    return begin


def _no_watchdog(it: Running) -> None:
    it.count()
    if it.stage.firmware is not None:
        it.on_end(it.stage.firmware.limit(lambda _: None))
        return
    _break(it, "fail_watchdog")


def _open_unnoticed(it: Running) -> None:
    it.count()
    _break(it, "fail_open_detection")


def _break(it: Running, name: str) -> None:
    device: Any = it.stage.device
    fail = getattr(device, name, None)
    if fail is None:
        raise FaultError(f"{it.fault.name}: this device has nothing that could fail so")
    fail()
    it.on_end(lambda: fail(broken=False))


def _bench(name: str, what: str, begin: Begin, **parameters: int) -> FaultKind:
    return Spec(name, Place.BENCH, what, {**parameters, "for_us": 0}), begin


BENCH_FAULTS: tuple[FaultKind, ...] = (
    _bench("output-scaled", "every current is 10 % high", _stage(Scaled), permille=1100),
    _bench("steps-missing", "only multiples of a coarse step are given", _stage(StepsMissing),
           step_ua=4_000, wiper_step=80),
    _bench("width-wrong", "every phase is 10 % longer", _stage(Widened), permille=1100),
    _bench("rate-wrong", "trains are 5 % faster", _stage(Rate), permille=1050),
    _bench("unbalanced", "the second phase is weaker", _stage(Unbalanced), permille=800),
    _bench("channels-swapped", "channels 1 and 2 are swapped", _stage(Swapped)),
    _bench("stop-late", "a stop is confirmed, and output ends later", _stage(ends_late),
           lasts_us=400_000),
    _bench("outlives-host", "output that ends without a host ends much later",
           _stage(outlives_host), lasts_us=PERSISTS_US),
    _bench("no-watchdog", "the watchdog does not act", _no_watchdog),
    _bench("open-unnoticed", "an open electrode is not noticed", _open_unnoticed),
)  # fmt: skip
