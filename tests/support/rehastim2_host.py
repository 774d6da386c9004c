"""A ScienceMode 2 host in virtual time: connects to a RehaStim2 twin, asks, listens."""

from __future__ import annotations

from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.firmware.rehastim2_commands import Command
from firmware_sim.firmware.sciencemode2_frames import FrameDecoder, encode
from tests.support.frame_host import MS, FrameHost, Heard

OK, TRANSFER, PARAMETER, WRONG_MODE = b"\0", b"\xff", b"\xfe", b"\xfd"
MOTOMED, BUSY = b"\xfc", b"\xf8"


def setup(
    mask: int = 1,
    main_ms: float = 20,
    gap_ms: float = 8,
    slow: int = 0,
    factor: int = 0,
    execution: int = 0,
) -> bytes:
    """InitChannelListMode; main_ms 0 = one-shot."""
    main = round((main_ms - 1) * 2) if main_ms else 0
    gap = round((gap_ms - 1.5) * 2)
    return bytes((factor, mask, slow, gap, main >> 8, main & 0xFF, execution))


def pulse(current_ma: int, width_us: int = 200, pulses: int = 1) -> bytes:
    return bytes((pulses - 1, width_us >> 8, width_us & 0xFF, current_ma))


class RehaHost(FrameHost):
    def __init__(self, twin: RehaStim2Twin | None = None) -> None:
        super().__init__(RehaStim2Twin() if twin is None else twin, FrameDecoder())

    def run_until(self, at_us: int, beat: bool = False) -> None:
        """With beat, send Watchdogs every 400 ms."""
        beat_us = self.now_us + 400 * MS
        while beat and beat_us <= at_us:
            super().run_until(beat_us)
            self.send(Command.WATCHDOG)
            beat_us += 400 * MS
        super().run_until(at_us)

    def run_for(self, time_us: int, beat: bool = False) -> None:
        self.run_until(self.now_us + time_us, beat)

    def send(self, command: int, data: bytes = b"", number: int | None = None) -> int:
        self._number = (self._number + 1) % 256
        number = self._number if number is None else number
        self.send_bytes(encode(number, command, data))
        return number

    def ask(self, command: int, data: bytes = b"") -> Heard:
        """Send a command and let time pass until it is answered."""
        before = len(self.heard)
        number = self.send(command, data)
        while True:
            for heard in self.heard[before:]:
                if heard.number == number and heard.command in (command + 1, 3):
                    return heard
            deadline = self.twin.deadline()
            assert deadline is not None, "no answer will ever come"
            assert deadline // 1000 <= self.now_us + 500 * MS, "no answer in time"
            self.run_until(deadline // 1000)

    def connected(self) -> RehaHost:
        self.run_until(self.now_us)
        init = self.heard[-1]
        assert (init.command, init.data) == (1, b"\1")
        self.send(Command.INIT_ACK, OK, init.number)
        assert self.twin.connected
        return self

    def initialised(self, data: bytes | None = None) -> RehaHost:
        self.connected()
        asked = setup() if data is None else data
        assert self.ask(Command.INIT_CHANNEL_LIST, asked).data == OK
        return self

    def started(self, *wants: bytes, init: bytes | None = None) -> RehaHost:
        self.initialised(init)
        assert self.ask(Command.START_CHANNEL_LIST, b"".join(wants)).data == OK
        return self

    def mode(self) -> int:
        answer = self.ask(Command.GET_STIMULATION_MODE).data
        assert answer[0] == 0
        return answer[1]

    def events(self, name: str) -> list[dict[str, object]]:
        return [row for row in self.twin.records() if row.get("event") == name]

    def errors(self) -> list[Heard]:
        return [heard for heard in self.heard if heard.command == 38]
