"""What a session needs of the operating system, and what is to be done where that is missing.

Every face asks here before it begins. Only Windows lacks it; what works there all the same is in
docs/reference/platforms.md.
"""

from __future__ import annotations

from stimctl import supervisor
from stimctl.errors import NotOnThisSystemError
from stimctl.supervisor.device_names import EXAMPLE

MISSING = (
    "Windows lacks what a session stands on: serial lines and pseudo terminals as POSIX has them "
    "(termios, pty), and locks that name who holds a device (fcntl)"
)
WORKS_HERE = (
    "check, rehearse, protocols, screening, spec, sessions, doctor, twins over TCP, and in Python "
    "stimctl.bench"
)
WSL_2 = (
    "use it in WSL 2: wsl --install, and install stimctl there with pip. A device: winget install "
    "usbipd; usbipd list; as administrator usbipd bind --busid BUSID; usbipd attach --wsl --busid "
    "BUSID, again after each unplugging; it is then /dev/ttyACM0 or /dev/ttyUSB0 in WSL, on which "
    f"nobody has tried stimctl yet. Without a device: stimctl run ... --device sim:{EXAMPLE} in WSL"
)
UNTOUCHED = "Nothing was sent to any device. OUTPUT UNKNOWN: pull the electrode cable"


def need_session(what: str, *, first: str = "") -> None:
    """Raise NotOnThisSystemError where no session can run. `first`: what to do before all else."""
    if supervisor.RUNS_HERE:
        return
    raise NotOnThisSystemError(
        f"{what} does not work on Windows",
        why=MISSING,
        what_to_do=f"{first}. To go on, {WSL_2}" if first else f"To go on, {WSL_2}",
    )
