"""A port beside the stimulator's, for a button or for markers: never its own, never another's."""

from __future__ import annotations

import os

from stimctl.errors import PortBusyError
from stimctl.supervisor.locks import busy_error, read_holder
from stimctl.supervisor.port_names import device_key


def refuse_own_port(path: str, key: str, device: str, *, why: str, what_to_do: str) -> None:
    """PortBusyError where `key` is that of the stimulator's port. `device`: its name; "": none."""
    if device and key and key == device_key(device):
        raise PortBusyError(f"{path} is the stimulator's own port", why=why, what_to_do=what_to_do)


def refuse_held(path: str) -> None:
    """PortBusyError where another program drives a device there. Asked before the port is opened:
    that can reset a device."""
    holder = read_holder(path)
    if holder is not None and holder.pid != os.getpid():
        raise busy_error(path, holder)
