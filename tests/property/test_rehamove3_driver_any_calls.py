"""Whatever is called and whatever comes to a RehaMove3 driver: nothing above what was asked."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.firmware.sciencemode4_frames import Frame as WireFrame
from firmware_sim.firmware.sciencemode4_frames import FrameDecoder, encode
from stimctl.devices.rehamove3.driver import RehaMove3Driver
from stimctl.devices.rehamove3.sheet import REHAMOVE3_SHEET
from stimctl.errors import StimctlError
from stimctl.wire.sciencemode3.messages import LlChannelConfig, MlUpdate
from tests.support.examples import examples
from tests.support.p24_bench import MS, cleared

LADDER = cleared(60_000, 200, 50_000, device=REHAMOVE3_SHEET.bounds)
AMPLITUDES = st.integers(0, 120).map(lambda n: n * 500)
CHANNELS = st.integers(1, 5)
MAY_BE_SENT = {0, 2, 4, 30, 32, 34, 36, 50, 52, 54, 62, 68}
"""Never a reset (58), nor what belongs to sibling products."""
OPERATIONS = st.one_of(
    st.just(("connect",)),
    st.tuples(st.just("apply"), st.dictionaries(CHANNELS, AMPLITUDES, max_size=4)),
    st.tuples(st.just("pulse"), CHANNELS, AMPLITUDES),
    st.just(("keep_alive",)),
    st.just(("stop",)),
    st.tuples(st.just("wait"), st.integers(0, 400)),
    st.just(("a minute",)),
    st.just(("to the deadline",)),
    st.tuples(
        st.just("answer"), st.sampled_from([0] * 12 + [1, 2, 7, 10, 27, 99]), st.integers(0, 255)
    ),
    st.tuples(st.just("frame"), st.integers(0, 63), st.integers(0, 1023), st.binary(max_size=14)),
    st.tuples(st.just("bytes"), st.binary(max_size=40)),
)


class Machine:
    """A driver, a clock, and what was asked of it since the last stop."""

    def __init__(self) -> None:
        self.driver = RehaMove3Driver()
        self.now = 0
        self.asked: dict[int, set[int]] = {}
        self.pulses: set[tuple[int, int]] = set()
        self.unanswered: list[WireFrame] = []

    def do(self, operation: tuple) -> None:
        name, *args = operation
        with suppress(StimctlError):
            self._do(name, args)
        self.driver.events()
        for frame in self.driver.transmit():
            for sent in FrameDecoder().feed(frame.data):
                assert isinstance(sent, WireFrame)
                self.unanswered.append(sent)
                self._check(sent)
            if frame.urgent:
                assert frame.data.startswith(b"\x0f\x0f")

    def _do(self, name: str, args: list) -> None:
        driver = self.driver
        if name in ("connect", "stop"):
            self.asked.clear()
            self.pulses.clear()
            getattr(driver, name)(self.now)
        elif name == "apply":
            driver.apply(self.now, {c: LADDER.point(ua) for c, ua in args[0].items()})
            for channel, amplitude_ua in args[0].items():
                self.asked.setdefault(channel, set()).add(amplitude_ua)
        elif name == "pulse":
            driver.pulse(self.now, args[0], LADDER.point(args[1]))
            self.pulses.add((args[0], args[1]))
        elif name == "keep_alive":
            driver.keep_alive(self.now)
        elif name in ("wait", "a minute"):
            self.now += (args[0] if args else 60_000) * MS
            driver.advance(self.now)
        elif name == "to the deadline":
            due = driver.deadline()
            if due is not None:
                self.now = max(self.now, due)
                driver.advance(self.now)
                later = driver.deadline()
                assert later is None or later > self.now, "the same deadline again"
        elif name == "answer" and self.unanswered:
            driver.receive(self.now, self._answer(*args))
        elif name == "frame":
            driver.receive(self.now, encode(*args))
        elif name == "bytes":
            driver.receive(self.now, args[0])

    def _answer(self, result: int, byte: int) -> bytes:
        frame = self.unanswered.pop(0)
        number, command = frame.packet_number, frame.command
        if command == 68 and not result:
            return encode(number, 67, b"\x0b")
        told = {
            36: bytes((2, byte & 0x1F)),
            50: bytes((2, 1, 16, 3, 2, 4)),
            52: b"990000000\0",
            54: bytes((max(byte, 5), 32, 28)),
            62: bytes((byte % 4 if byte > 200 else 0, 6)),
            2: b"\0",
        }
        return encode(number, command + 1, bytes((result,)) + told.get(command, b""))

    def _check(self, sent: WireFrame) -> None:
        assert sent.command in MAY_BE_SENT
        if sent.command == MlUpdate.command:
            message = MlUpdate.unpack(sent.data)
            assert not message.problems()
            assert not message.softstart
            for channel in message.channels:
                assert not channel.enable_demux
                peak = max(abs(point.current_ua) for point in channel.points)
                assert peak in self.asked.get(channel.index + 1, set())
        elif sent.command == LlChannelConfig.command:
            pulse = LlChannelConfig.unpack(sent.data)
            peak = max(abs(point.current_ua) for point in pulse.points)
            assert (pulse.channel + 1, peak) in self.pulses
            assert sum(p.duration_us * p.current_ua for p in pulse.points) == 0
        elif sent.command == 36:
            assert sent.data == b"\2"
            assert self.driver.state == "mid"
        elif sent.command in (0, 30):
            assert sent.data == b"\0"


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(OPERATIONS, max_size=60))
def test_any_calls_and_any_bytes(operations: list) -> None:
    machine = Machine()
    for operation in operations:
        machine.do(operation)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(OPERATIONS, max_size=60))
def test_any_calls_and_any_bytes_from_a_running_device(
    operations: list,
) -> None:
    machine = Machine()
    machine.do(("connect",))
    for _ in range(6):
        machine.do(("answer", 0, 100))
    assert machine.driver.state == "zero"
    machine.do(("apply", {1: 10_000}))
    machine.do(("answer", 0, 0))
    machine.do(("answer", 0, 0))
    assert machine.driver.state == "mid"
    for operation in operations:
        machine.do(operation)
