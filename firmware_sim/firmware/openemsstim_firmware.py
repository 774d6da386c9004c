"""The program of an openEMSstim, as the one loop that it is: it waits, and meanwhile does nothing.

Written from measurements of the real firmware in an emulator [E]; no line of it is copied. The
times the program itself takes are fitted to those measurements. What was never measured is marked
[POLICY].
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from enum import Enum
from typing import NamedTuple

from . import openemsstim_defects as defects
from .openemsstim_fields import (
    BLANKS,
    HEX_START,
    STOP,
    Action,
    Option,
    bound,
    decode_hex,
    hex_digits,
    on_time_ms,
    printed,
    read_message,
    wiper,
)
from .openemsstim_output import WEAKEST, Channel
from .openemsstim_uart import BYTE_NS, Receiver, Transmitter
from .recorder import Recorder

#: From the start of the program until its banner is out: delays for the wireless module, which pass
#: without one, too [E].
BOOT_US = 11_268_000
#: The serial port is off for so long after the program's start: what arrives then is lost [E].
UART_OFF_US = 900
#: A message without a newline ends after so much silence, or up to 1 ms less: whole ms are counted
#: [E].
SILENCE_US = 50_000
#: Between turning the potentiometer down and opening the relays [E].
PAUSE_US = 50_080
I2C_US = 20
#: From the end of a message to its echo; from the echo to the first effect of an action, in plain
#: text and in hex form, and of "all off" [E, fitted].
ECHO_US = 200
ACTION_US = 1_900
HEX_ACTION_US = 1_200
OFF_US = 1_270
#: The 2 KB of memory run out with long messages. From these lengths on [E]: the first echo line is
#: not printed, though the message is obeyed; its text is not printed either; it is not obeyed;
#: nothing is printed at all. The board recovers from each of them.
NO_ECHO_FROM, NO_TEXT_FROM, LOST_FROM, SILENT_FROM = 140, 180, 290, 600
#: What is kept of a message: what comes after that changes nothing.
_KEPT = SILENT_FROM + 1

#: What is printed while it boots, and from when on, in ms of BOOT_US [E]; the last ends it.
_BANNER = (
    (0, "\nSETUP:\r\n"),
    (6, "\tBT: RESETTING\r\n"),
    (4_207, "\tBT: RESET DONE\r\n"),
    (4_217, "\tBT: INITIALIZING\r\n"),
    (5_208, "\t\tSet Baudrate: \r\n"),
    (5_407, "\t\tReboot?: \r\n"),
    (7_607, "\t\tVersion: \r\n"),
    (7_808, "\t\tSet Name: \r\n"),
    (8_008, "\t\tSet peripheral mode: \r\n"),
    (8_208, "\t\tEnable private services: \r\n"),
    (8_408, "\t\tClear private services:\r\n"),
    (8_609, "\t\tSet new private service: \r\n"),
    (8_809, "\t\tSet new private service value: \r\n"),
    (9_010, "\t\tSet Baudrate: \r\n"),
    (9_210, "\t\tReboot?: \r\n"),
)
_BANNER_END = (
    "\tBT: INITIALIZED\r\n\tEMS: INITIALIZING CHANNELS\r\n\tEMS: INITIALIZED\r\n"
    "\tEMS: STARTED\r\nSETUP DONE (LED 13 WILL BE ON)\r\n"
)
#: Test characters of dialect B that turn a potentiometer: channel index and step.
_TURNS = {"q": (0, -1), "a": (0, 1), "w": (1, -1), "s": (1, 1)}
_TOGGLES = {"1": 0, "2": 1}


class Dialect(Enum):
    """Which of the two firmwares in the field this is."""

    ASCII = "a"
    HEX_ONLY = "b"


class Bootloader(Enum):
    """What runs before the program after each reset, and takes all bytes for its own.

    (us until it ends in silence, us after which it ends when it hears anything) [E].
    """

    NONE = (0, 0)
    OLD = (1_330_000, 200_000)
    OPTIBOOT = (1_400_000, 1_400_000)

    @property
    def silent_us(self) -> int:
        """How long it lasts in silence."""
        return self.value[0]

    @property
    def hears_us(self) -> int:
        """How long it lasts at least; then it ends with the first byte."""
        return self.value[1]


class I2C(Enum):
    """How the bus to the potentiometer is."""

    FINE = "fine"
    NO_ANSWER = "no answer"
    STUCK = "stuck"


class Wait(NamedTuple):
    """What the program waits for: a time (None = for ever), or besides that for a byte."""

    until_us: int | None
    for_input: bool = False


Steps = Generator[Wait, None, None]


class Firmware:
    """The program and what it works on. `now` is set by whoever runs it, in us."""

    def __init__(
        self,
        dialect: Dialect,
        receiver: Receiver,
        transmitter: Transmitter,
        recorder: Recorder,
        report: Callable[[defects.Defect], None],
    ) -> None:
        self.now = 0
        self.i2c = I2C.FINE
        self.crashed = False
        self.channels = (Channel(0, recorder), Channel(1, recorder))
        self._dialect = dialect
        self._receiver = receiver
        self._transmitter = transmitter
        self._recorder = recorder
        self._report = report
        self._origin_us = 0

    def run(self, boot_us: int, deaf_us: int, hears_us: int) -> Steps:
        """Run from reset on, for ever. The bootloader lasts `deaf_us`; see `Bootloader`."""
        self.crashed = False
        yield from self._load(deaf_us, hears_us)
        self._origin_us = self.now
        for channel in self.channels:
            channel.restart()
        yield from self._boot(boot_us)
        while True:
            for channel in self.channels:
                if channel.end_ms and channel.end_ms <= self._millis():
                    yield from self._switch_off(channel)
                    channel.end_ms = 0
            if not self._receiver.ring:
                yield Wait(self._next_end_us(), for_input=True)
                continue
            text = yield from self._read()
            yield Wait(self.now + ECHO_US)
            yield from self._obey(text)
            yield Wait(self._transmitter.idle_us())

    def _load(self, deaf_us: int, hears_us: int) -> Steps:
        """The bootloader: bytes are lost, and where it hears one it does not wait to its end."""
        began_us = self.now
        until_us = began_us + deaf_us
        while self.now < until_us:
            yield Wait(until_us, for_input=True)
            if self._receiver.ring:
                self._receiver.ring.clear()
                until_us = min(until_us, max(began_us + hears_us, self.now))

    def _boot(self, boot_us: int) -> Steps:
        yield Wait(self._origin_us + min(UART_OFF_US, boot_us))
        self._receiver.ring.clear()
        for at_ms, line in _BANNER:
            yield Wait(max(self.now, self._origin_us + at_ms * 1000 * boot_us // BOOT_US))
            yield from self._print(line)
        yield Wait(max(self.now, self._origin_us + boot_us - len(_BANNER_END) * BYTE_NS // 1000))
        # The end of the banner is still on the line while both channels are switched off.
        yield from self._print(_BANNER_END)

    def _millis(self) -> int:
        return (self.now - self._origin_us) // 1000 & 0xFFFFFFFF

    def _next_end_us(self) -> int | None:
        """Return when the next on-time ends: those that are past have been seen to."""
        ends = [channel.end_ms for channel in self.channels if channel.end_ms]
        if not ends:
            return None
        whole_ms = (self.now - self._origin_us) // 1000
        return self._origin_us + (whole_ms - self._millis() + min(ends)) * 1000

    def _read(self) -> Generator[Wait, None, str]:
        """Read a message; each byte begins the wait for the next anew."""
        ring, began_us, slow = self._receiver.ring, self.now, False
        characters: list[str] = []
        while True:
            while ring:
                byte = ring.popleft()
                if byte == 0x0A:
                    return "".join(characters)
                if len(characters) < _KEPT:
                    characters.append(chr(byte))
                if self.now - began_us > defects.LONGEST_MESSAGE_US and not slow:
                    slow = True
                    self._report(defects.Defect("5.5", "a message that drips in: no end is seen"))
            whole_us = (self.now - self._origin_us) // 1000 * 1000
            yield Wait(self._origin_us + whole_us + SILENCE_US, for_input=True)
            if not ring:
                return "".join(characters)

    def _obey(self, raw: str) -> Steps:
        """Echo a message and do what it says; its first echo line has it untrimmed."""
        if len(raw) >= SILENT_FROM:
            return
        line = "" if len(raw) >= LOST_FROM else raw.strip(BLANKS)
        shown = printed(line) if len(raw) < NO_TEXT_FROM else ""
        if len(raw) < NO_ECHO_FROM:
            yield from self._print(f"\tUSB: received command: {printed(raw)}\r\n")
        if line == STOP:
            yield from self._print("\tBT: Disconnected\r\n")
            yield from self._all_off()
        elif line.startswith(HEX_START):
            digits = hex_digits(line)
            shown = digits if shown else ""
            self._judge(defects.in_hex(digits))
            text = decode_hex(digits)
            yield from self._print(
                f"\tEMS_CMD: HEX command length: \r\n{len(digits)}\r\n{printed(shown)}\r\n"
            )
            decoded = printed(text) if shown else ""
            yield from self._print(f"\tEMS_CMD: Converted HEX command: \r\n{decoded}\r\n")
            yield from self._execute(text, HEX_ACTION_US)
        else:
            yield from self._print(f"\tCommand NON HEX:\r\n{shown}\r\n")
            if self._dialect is Dialect.ASCII:
                yield from self._execute(line, ACTION_US)
            else:
                yield from self._test(line)

    def _execute(self, text: str, action_us: int) -> Steps:
        self._judge(defects.in_message(text))
        message = read_message(text)
        if message is None:
            if text:
                yield from self._print(f"Unknown command: {printed(text)}\r\n")
        elif isinstance(message, Action):
            yield from self._act(message, action_us)
        elif isinstance(message, Option):
            channel = self.channels[message.channel]
            if message.name == "MA":
                channel.highest = bound(message.percent)
            else:
                channel.lowest = bound(message.percent)

    def _act(self, action: Action, action_us: int) -> Steps:
        if action.crashes:
            yield Wait(self.now + action_us)
            yield from self._crash()
        if action.target not in (0, 1):
            yield from self._all_off()
            return
        yield Wait(self.now + action_us)
        channel = self.channels[action.target]
        if action.on_ms is not None:
            channel.on_ms = on_time_ms(action.on_ms)
        if action.intensity is not None:
            value = wiper(action.intensity, channel.highest, channel.lowest)
            yield from self._turn(channel, value)
        yield Wait(self.now + I2C_US)
        channel.switch(self.now, True)
        # Measured on-times are T - 1 to T ms: the millisecond that has begun counts as a whole one.
        channel.end_ms = (self._millis() + channel.on_ms) & 0xFFFFFFFF

    def _test(self, line: str) -> Steps:
        """The first character counts, whatever follows it."""
        self._judge(defects.in_line(line))
        first = line[:1]
        if first in _TOGGLES:
            channel = self.channels[_TOGGLES[first]]
            if channel.on:
                yield from self._switch_off(channel)
            else:
                channel.switch(self.now, True)
            channel.end_ms = 0
            state = "active" if channel.on else "inactive"
            yield from self._print(f"\tEMS: Channel {channel.number} {state}\r\n")
        elif first in _TURNS:
            index, step = _TURNS[first]
            channel = self.channels[index]
            value = (channel.wiper + step) & 0xFF
            yield from self._turn(channel, value)
            yield from self._print(f"\tEMS: Intensity Channel {channel.number}: {value}\r\n")
        else:
            yield from self._print("\tERROR: SINGLE-CHAR Command Unknown\r\n")

    def _all_off(self) -> Steps:
        yield Wait(self.now + OFF_US)
        for channel in self.channels:
            yield from self._switch_off(channel)
            channel.end_ms = 0

    def _switch_off(self, channel: Channel) -> Steps:
        yield from self._turn(channel, WEAKEST)
        yield Wait(self.now + PAUSE_US)
        channel.switch(self.now, False)

    def _turn(self, channel: Channel, value: int) -> Steps:
        if self.i2c is I2C.STUCK:
            self._recorder.log(self.now, "waits for the I2C bus for ever")
            yield Wait(None)
        yield Wait(self.now + I2C_US)
        if self.i2c is I2C.FINE:
            channel.set_wiper(self.now, value)
        else:
            self._recorder.log(self.now, "potentiometer does not answer", channel=channel.number)

    def _print(self, text: str) -> Steps:
        yield Wait(self._transmitter.write(self.now, text))

    def _crash(self) -> Steps:
        """Stop for good; the pins stay as they are, which is the worst that may happen [POLICY].

        Each of the forms that were measured opens both relays within 1 ms and is silent then [E].
        """
        self.crashed = True
        self._transmitter.cut()
        self._recorder.log(self.now, "crashed")
        yield Wait(None)

    def _judge(self, found: list[defects.Defect]) -> None:
        for defect in found:
            self._report(defect)
