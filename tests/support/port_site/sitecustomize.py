"""In the path of a program that is tested: the system's list of serial ports, made up.

The folder that MADE_UP_PORTS names holds what the system has in /sys/class/tty and in /dev. All
else is the real thing.
"""

import os
from pathlib import Path

from stimctl.supervisor import ports

_FOLDER = Path(os.environ["MADE_UP_PORTS"])
ports._TTY_CLASS, ports._DEV = _FOLDER / "class", _FOLDER / "dev"
