"""What the final output check costs, beside one round trip of a command over a pty.

Method: a driver with a scripted device in the same process, no line and no waiting, takes an apply
on eight channels and its answer, again and again, once with its check and once with a check that
lets everything pass. The check's cost is the difference of the medians. It is set beside the round
trip of `bench_roundtrip` (device answers after 1 ms). The promise: less than 3 %.

* ramp: eight continuous 50 Hz trains whose amplitude changes with every frame, the usual case;
* bursts: one channel of 20 pulses at 200 Hz, opened and closed, which are counted one by one.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.bench_roundtrip import CLIENTS, Responder
from firmware_sim.firmware.p24 import P24Twin
from stimctl.devices.output_check import OutputCheck
from stimctl.devices.p24.driver import P24Driver
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.safety import Cleared, Electrode, Profile, SetPoint, clear, envelope_for
from stimctl.stimulus import Burst, Pulse, PulseShape, Stimulus

PROMISE_PERCENT = 3.0
_STEP_NS = 10_000_000


class NoCheck(OutputCheck):
    """Lets everything pass and counts nothing."""

    __slots__ = ()

    def admit(self, *_: object) -> tuple[()]:
        return ()

    def sent(self, *_: object) -> None:
        return

    def settled(self, *_: object) -> None:
        return

    def deadline(self) -> None:
        return None

    def due(self, *_: object) -> tuple[()]:
        return ()


def _cleared(burst: Burst | None, frequency_mhz: int) -> Cleared:
    pulse = Pulse(
        shape=PulseShape.SYMMETRIC, amplitude_ua=20_000, phase_width_us=200, interphase_gap_us=100
    )
    answer = clear(
        Stimulus(pulse=pulse, frequency_mhz=frequency_mhz, burst=burst),
        envelope_for(P24_SHEET.bounds, Electrode(area_mm2=10_000), profile=Profile.RESEARCH),
    )
    if not isinstance(answer, Cleared):
        raise RuntimeError(answer.message)
    return answer


def _ramp(turn: int) -> Mapping[int, SetPoint]:
    return {channel: _STEADY.point(500 + (turn + channel) % 39 * 500) for channel in _CHANNELS}


def _bursts(turn: int) -> Mapping[int, SetPoint]:
    return {} if turn % 2 else {1: _BURSTS.point(20_000)}


_CHANNELS = range(1, 9)
_STEADY = _cleared(None, 50_000)
_BURSTS = _cleared(Burst(pulses_per_burst=20, burst_frequency_mhz=1_100), 200_000)
_CASES = {"ramp": (_ramp, _STEP_NS), "bursts": (_bursts, 454_545_000)}


class _Direct:
    """A driver and a twin that hear each other at once."""

    def __init__(self, *, checked: bool) -> None:
        self.driver, self.twin, self.now_ns = P24Driver(), P24Twin(), 0
        if not checked:
            self.driver._link.check = NoCheck(one_source=True)
        self.driver.connect(0)
        while self.driver.state != "zero":
            self.turn(1_000_000)

    def turn(self, step_ns: int) -> None:
        """Let time pass, and everything arrive."""
        self.now_ns += step_ns
        self.twin.advance(self.now_ns)
        self.driver.advance(self.now_ns)
        self.exchange()

    def exchange(self) -> None:
        for frame in self.driver.transmit():
            self.twin.receive(self.now_ns, frame.data)
        self.driver.receive(self.now_ns, self.twin.transmit())
        self.driver.events()

    def cost_ns(self, case: str, turns: int) -> float:
        """The driver's own time for one apply with its answer, median."""
        points, step_ns = _CASES[case]
        self.driver.apply(self.now_ns, {})
        while self.driver.state != "mid":
            self.turn(5_000_000)
        spent = []
        for turn in range(turns):
            asked = points(turn)
            begun = time.perf_counter_ns()
            self.driver.advance(self.now_ns)
            self.driver.apply(self.now_ns, asked)
            frames = self.driver.transmit()
            took = time.perf_counter_ns() - begun
            for frame in frames:
                self.twin.receive(self.now_ns, frame.data)
            self.twin.advance(self.now_ns + 1_000_000)
            answer = self.twin.transmit()
            begun = time.perf_counter_ns()
            self.driver.receive(self.now_ns + 1_000_000, answer)
            self.driver.deadline()
            spent.append(took + time.perf_counter_ns() - begun)
            self.driver.events()
            self.now_ns += step_ns
        return statistics.median(spent)


def measure(*, quick: bool = False) -> dict[str, Any]:
    turns, rounds = (200, 3) if quick else (1_000, 9)
    costs_us = {}
    for case in _CASES:
        with_check, without = [], []
        for _ in range(rounds):
            with_check.append(_Direct(checked=True).cost_ns(case, turns))
            without.append(_Direct(checked=False).cost_ns(case, turns))
        costs_us[case] = (min(with_check) - min(without)) / 1_000
    client, count = CLIENTS["stimctl"]
    with Responder() as address:
        round_trip_us = 1e6 / client(address, count // 4 if quick else count)
    return {
        "check_us": {case: round(cost, 1) for case, cost in costs_us.items()},
        "round_trip_us": round(round_trip_us),
        "percent": {case: round(100 * cost / round_trip_us, 2) for case, cost in costs_us.items()},
    }


def report(result: dict[str, Any]) -> str:
    lines = ["the final output check, for one frame and its answer, beside one round trip"]
    for case, cost in result["check_us"].items():
        share = result["percent"][case]
        lines.append(
            f"  {case:8s} {cost:6.1f} us, {share} % of {result['round_trip_us']} us "
            f"(promise: {PROMISE_PERCENT:g} %)"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    outcome = measure(quick="--quick" in sys.argv)
    print(json.dumps(outcome) if "--json" in sys.argv else report(outcome))
