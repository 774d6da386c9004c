"""In the path of a program that is tested: the system's answers about an input device, made up.

The node is a pipe: what a test writes into it is what the pedal sends. All else is the real thing.
"""

import fcntl
import struct
from typing import Any

_ANSWERS = {
    0x80084502: struct.pack("4H", 3, 0x05F3, 0x00FF, 1),  # EVIOCGID
    0x81004506: b"VEC USB Footpedal".ljust(256, b"\0"),  # EVIOCGNAME
    0x80604521: b"\xff" * 96,  # EVIOCGBIT(EV_KEY)
    0x80604518: bytes(96),  # EVIOCGKEY: none is down
    0x40044590: 0,  # EVIOCGRAB
}
_ioctl = fcntl.ioctl


def _made_up(fd: int, request: int, *rest: Any) -> Any:
    return _ANSWERS[request] if request in _ANSWERS else _ioctl(fd, request, *rest)


fcntl.ioctl = _made_up  # type: ignore[assignment]
