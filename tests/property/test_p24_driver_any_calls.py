"""Whatever is called and whatever comes: no foreign exception, nothing above what was asked."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.firmware.sciencemode4_frames import Frame as WireFrame
from firmware_sim.firmware.sciencemode4_frames import FrameDecoder, encode
from stimctl.devices.p24.driver import P24Driver
from stimctl.errors import StimctlError
from stimctl.wire.sciencemode4.messages import (
    LlChannelConfig,
    MlGetCurrentData,
    MlInit,
    MlUpdate,
)
from tests.support.examples import examples
from tests.support.p24_bench import MS, cleared

LADDER = cleared(60_000, 200, 50_000)
AMPLITUDES = st.integers(0, 120).map(lambda n: n * 500)
CHANNELS = st.integers(1, 8)
ACK_SIZES = {53: 11, 69: 13, 63: 3, 37: 7, 3: 3}
RESULTS = st.sampled_from([0] * 12 + [1, 2, 7, 10, 28, 99])
MASKS = st.sampled_from([0, 1, 2, 3, 255])

OPERATIONS = st.one_of(
    st.just(("connect",)),
    st.tuples(st.just("apply"), st.dictionaries(CHANNELS, AMPLITUDES, max_size=3)),
    st.tuples(st.just("pulse"), CHANNELS, AMPLITUDES),
    st.just(("keep_alive",)),
    st.just(("stop",)),
    st.tuples(st.just("wait"), st.integers(0, 400)),
    st.just(("to the deadline",)),
    st.tuples(st.just("answer"), RESULTS, st.sampled_from([0, 0, 0, 1, 2, 3, 77]), MASKS),
    st.tuples(st.just("answer"), st.just(0), st.just(0), st.just(1)),
    st.tuples(st.just("frame"), st.integers(0, 63), st.integers(0, 1023), st.binary(max_size=14)),
    st.tuples(st.just("bytes"), st.binary(max_size=40)),
)


class Machine:
    """A driver, a clock, and what was asked of it since the last stop."""

    def __init__(self) -> None:
        self.driver = P24Driver()
        self.now = 0
        self.asked: dict[int, set[int]] = {}
        self.pulses: set[tuple[int, int]] = set()
        self.unanswered: list[WireFrame] = []
        self.opened = False

    def do(self, operation: tuple[object, ...]) -> None:
        name, *args = operation
        with suppress(StimctlError):
            self._do(str(name), args)
        self._look()

    def _do(self, name: str, args: list) -> None:
        driver = self.driver
        if name == "connect":
            self._nothing_asked()
            driver.connect(self.now)
        elif name == "apply":
            driver.apply(self.now, {c: LADDER.point(ua) for c, ua in args[0].items()})
            for channel, amplitude_ua in args[0].items():
                self.asked.setdefault(channel, set()).add(amplitude_ua)
        elif name == "pulse":
            driver.pulse(self.now, args[0], LADDER.point(args[1]))
            self.pulses.add((args[0], args[1]))
        elif name == "keep_alive":
            driver.keep_alive(self.now)
        elif name == "stop":
            self._nothing_asked()
            driver.stop(self.now)
        elif name == "wait":
            self.now += args[0] * MS
            driver.advance(self.now)
        elif name == "to the deadline":
            self._advance_to_deadline()
        elif name == "answer" and self.unanswered:
            driver.receive(self.now, self._answer(*args))
        elif name == "frame":
            driver.receive(self.now, encode(*args))
        elif name == "bytes":
            driver.receive(self.now, args[0])

    def _nothing_asked(self) -> None:
        self.asked.clear()
        self.pulses.clear()

    def _advance_to_deadline(self) -> None:
        due = self.driver.deadline()
        if due is None:
            return
        self.now = max(self.now, due)
        self.driver.advance(self.now)
        later = self.driver.deadline()
        assert later is None or later > self.now, "the same deadline again"

    def _answer(self, result: int, status: int, mask: int) -> bytes:
        frame = self.unanswered.pop(0)
        data = bytes((result,))
        if frame.command == 62:
            data += bytes((status, 6))
        elif frame.command == 36:
            data += bytes((4, mask))
        elif frame.command == 68:
            data += bytes((0, 0, 0, 4))  # it names itself as a ScienceMode 4 device
        data = data.ljust(ACK_SIZES.get(frame.command + 1, 1), b"\0")
        return encode(frame.packet_number, frame.command + 1, data)

    def _look(self) -> None:
        self.driver.events()
        for frame in self.driver.transmit():
            for sent in FrameDecoder().feed(frame.data):
                assert isinstance(sent, WireFrame)
                self.unanswered.append(sent)
                self._check(sent)
            if frame.urgent:
                assert frame.data.startswith(b"\x0f\x0f")

    def _check(self, sent: WireFrame) -> None:
        if sent.command == MlUpdate.command:
            for channel in MlUpdate.unpack(sent.data).channels:
                peak = max(abs(point.current_ua) for point in channel.points)
                assert peak in self.asked.get(channel.index + 1, set())
        elif sent.command == LlChannelConfig.command:
            message = LlChannelConfig.unpack(sent.data)
            peak = max(abs(point.current_ua) for point in message.points)
            assert (message.connector * 4 + message.channel + 1, peak) in self.pulses
        elif sent.command == MlGetCurrentData.command:
            assert self.driver.state == "mid"
        elif sent.command == MlInit.command:
            assert sent.data == b"\x01"


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(OPERATIONS, max_size=60))
def test_any_calls_and_any_bytes(operations: list[tuple[object, ...]]) -> None:
    machine = Machine()
    for operation in operations:
        machine.do(operation)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(OPERATIONS, max_size=60))
def test_any_calls_and_any_bytes_from_a_connected_device(
    operations: list[tuple[object, ...]],
) -> None:
    machine = Machine()
    machine.do(("connect",))
    for _ in range(4):
        machine.do(("answer", 0, 0, 0))
    assert machine.driver.state == "zero"
    machine.do(("apply", {1: 10_000}))
    machine.do(("answer", 0, 0, 0))
    machine.do(("answer", 0, 0, 0))
    assert machine.driver.state == "mid"
    for operation in operations:
        machine.do(operation)


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=400), st.lists(st.integers(1, 399), max_size=6))
def test_the_same_bytes_in_other_portions_give_the_same_events(
    data: bytes, cuts: list[int]
) -> None:
    whole, parts = Machine(), Machine()
    for machine in (whole, parts):
        machine.driver.connect(0)
        machine.driver.transmit()
    whole.driver.receive(MS, data)
    edges = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    for start, end in pairwise(edges):
        parts.driver.receive(MS, data[start:end])
    assert whole.driver.events() == parts.driver.events()
    assert whole.driver.state == parts.driver.state
