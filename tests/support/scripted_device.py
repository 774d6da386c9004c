"""A device behind a pseudo terminal that says what a test wants it to say."""

from __future__ import annotations

import os
import select
import threading
import tty

from stimctl.supervisor.view import Reading
from stimctl.wire.sciencemode4.framing import (
    GET_STIM_STATUS,
    LL_STOP,
    ML_STOP,
    FrameDecoder,
    FrameError,
    encode_frame,
)
from tests.support.own_pty import own_pty

_GET_DEVICE_ID = 52


def acked_of(reading: Reading) -> int | None:
    """What the device has acknowledged, as a number; None where nobody knows."""
    return None if reading.acknowledged is None else reading.acknowledged.value


class ScriptedDevice:
    """Answers stop and status frames as a P24 does; `mute`, `stuck` and `deaf` are its faults."""

    def __init__(self) -> None:
        self.status = 3
        self.mute = False  # reads and does not answer
        self.stuck = False  # acknowledges and does not stop
        self.serial = ""  # what it answers when it is asked for its serial number
        self.heard = b""
        self.commands: list[int] = []
        self._master, slave = own_pty()
        tty.setraw(slave)
        self.address = os.ttyname(slave)
        self._slave = slave
        self._wake_read, self._wake_write = os.pipe()
        self._thread: threading.Thread | None = None

    def start(self) -> ScriptedDevice:
        """Begin to read; a device that is not started is deaf."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def say(self, data: bytes) -> None:
        os.write(self._master, data)

    def unplug(self) -> None:
        os.close(self._slave)
        self.end()

    def end(self) -> None:
        if self._wake_write >= 0:
            os.write(self._wake_write, b"x")
            if self._thread is not None:
                self._thread.join()
            for fd in (self._master, self._wake_read, self._wake_write):
                os.close(fd)
            self._wake_write = -1

    def _run(self) -> None:
        decoder = FrameDecoder()
        while True:
            ready, _, _ = select.select([self._master, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            data = os.read(self._master, 4096)
            self.heard += data
            for frame in decoder.feed(data):
                if not isinstance(frame, FrameError):
                    self._answer(frame.packet_number, frame.command)

    def _answer(self, number: int, command: int) -> None:
        self.commands.append(command)
        if self.mute:
            return
        answer = {ML_STOP: bytes((0 if self.status in (2, 3) else 7,)), LL_STOP: b"\x07"}
        if command == ML_STOP and not self.stuck:
            self.status = 0
        if command == GET_STIM_STATUS:
            answer[command] = bytes((0, self.status, 1))
        if command == _GET_DEVICE_ID and self.serial:
            answer[command] = b"\0" + self.serial.encode().ljust(10, b"\0")
        if command in answer:
            os.write(self._master, encode_frame(number, command + 1, answer[command]))
