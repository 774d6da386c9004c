"""A twin that does not say that it is one: to the supervisor it is a real stimulator.

`python real_device.py SERIAL [options of the twin]`: a P24 with that serial number.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tty
from pathlib import Path
from threading import Thread

from firmware_sim.process import TwinProcess


class RealDevice(TwinProcess):
    """A P24 twin with the serial number of a real device, behind its pty."""

    def __init__(self, serial: str, *arguments: str, record: Path | None = None) -> None:
        popen, self._serial = subprocess.Popen, serial

        def begin(command: list[str], **options: object) -> subprocess.Popen[bytes]:
            assert command[1:5] == ["-P", "-m", "firmware_sim", "p24"]
            mine = [command[0], __file__, serial, *command[4:]]
            return popen(mine, **options)  # type: ignore[call-overload,no-any-return]

        subprocess.Popen = begin  # type: ignore[assignment,misc]
        try:
            super().__init__(*arguments, device="p24", record=record)
        finally:
            subprocess.Popen = popen  # type: ignore[misc]


class Link:
    """What `socat PTY,link=... DEVICE` makes: a pseudo terminal that leads to another line."""

    def __init__(self, address: str) -> None:
        self._far = os.open(address, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._far)
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.url = os.ttyname(self._slave)
        self._wake, self._end = os.pipe()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        ways = {self._far: self._master, self._master: self._far}
        while True:
            ready, _, _ = select.select([*ways, self._wake], [], [])
            if self._wake in ready:
                return
            for fd in ready:
                os.write(ways[fd], os.read(fd, 4096))

    def close(self) -> None:
        os.write(self._end, b"x")
        self._thread.join()
        for fd in (self._far, self._master, self._slave, self._wake, self._end):
            os.close(fd)


if __name__ == "__main__":
    from firmware_sim.firmware import p24_general

    name = sys.argv[1].encode().ljust(10, b"\0")
    p24_general.device_id = lambda seed: name
    from firmware_sim.__main__ import main

    sys.exit(main(sys.argv[2:]))
