"""What a session needs of the operating system, and what is to be done where that is missing.

Every face asks here before it begins. Only Windows lacks it; what works there all the same is in
docs/reference/platforms.md.
"""

from __future__ import annotations

from stimctl import supervisor
from stimctl.errors import NotOnThisSystemError

MISSING = (
    "Windows lacks what a session stands on: serial lines and pseudo terminals as POSIX has them "
    "(termios, pty), and locks that tell who holds a device (fcntl)"
)
WORKS_HERE = (
    "check, rehearse, protocols, screening, spec, sessions, paths, doctor and twins over TCP work "
    "here, and stimctl.bench in Python"
)
STEPS = (
    "wsl --install                        once; then in WSL: pip install stimctl",
    "winget install usbipd                once; it hands USB devices on to WSL",
    "usbipd list                          names the BUSID of the device",
    "usbipd bind --busid BUSID            once, as administrator",
    "usbipd attach --wsl --busid BUSID    after each start and each unplugging",
)
"""From the pages of Microsoft and of usbipd-win 4 and later; nobody here has followed them."""
UNTOUCHED = "Nothing was sent to any device: OUTPUT UNKNOWN. Pull the electrode cable.\n"


def need_session(what: str, *, first: str = "") -> None:
    """Raise NotOnThisSystemError where no session can run. `first`: what to do before all else."""
    if supervisor.RUNS_HERE:
        return
    steps = "".join(f"\n    {step}" for step in STEPS)
    raise NotOnThisSystemError(
        f"{what} does not work on Windows",
        why=f"{MISSING}; {WORKS_HERE}",
        what_to_do=f"{first}Use it in WSL 2, a Linux inside Windows:{steps}\n  There the device is "
        "/dev/ttyACM0 or /dev/ttyUSB0. Nobody has tried stimctl there yet",
    )
