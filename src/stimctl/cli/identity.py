"""Asks a device who it is, through a session of its own that never leaves zero."""

from __future__ import annotations

import time
from typing import Any

from stimctl.errors import LinkError, NoDeviceError
from stimctl.quantity import format_duration
from stimctl.session.events import encode, event_of
from stimctl.session.host_rows import LineKind
from stimctl.session.rows import ConnectFailed, Identity
from stimctl.supervisor.device_names import parse_device

# An openEMSstim takes 11.24 s to start, and 20 s are waited for it.
_WITHIN_S = 25.0
_POLL_S = 0.1


def identify_device(text: str) -> dict[str, Any]:
    """Name, port, and whatever the device says of itself. Raises NoDeviceError and its kin."""
    from stimctl.supervisor.client import SupervisorClient

    device = parse_device(text)
    client = SupervisorClient(str(device), ["--face-name", "identify"])
    client.start()
    try:
        client.ask("connect")
        found = _wait_for_identity(client)
    finally:
        code = client.close()
    return {
        "device": str(device),
        "simulation": bool(found.pop("simulation", device.is_twin)),
        "port": client.address,
        **found,
        **_adapter(client.address),
        "output_after_host_death": _longest(client),
        "zero_verified": code == 0,
    }


def _adapter(address: str) -> dict[str, Any]:
    """The delay of the USB adapter, where there is one, and what to do about one that is too long.

    An answer that waits 16 ms in the adapter is late for every round that stops a device.
    """
    from stimctl.supervisor.port_facts import latency_timer_ms, slow_adapter

    timer_ms = latency_timer_ms(address)
    if timer_ms is None:
        return {}
    slow = slow_adapter(address, timer_ms)
    return {
        "latency_timer": f"{timer_ms} ms",
        **({} if slow is None else {"warning": slow[0], "what_to_do": slow[1]}),
    }


def _longest(client: Any) -> str:
    """How long output could go on when nothing commands the device any more, under our rules."""
    us = client.runs_after_host_death_us
    return "nothing bounds it" if us is None else f"at most {format_duration(us)}"


def _wait_for_identity(client: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    until = time.monotonic() + _WITHIN_S
    while time.monotonic() < until and client.exit_code is None:
        for row in client.rows(_POLL_S):
            match event_of(row):
                case ConnectFailed(reason):
                    raise NoDeviceError(
                        f"nothing at {client.device} answers as that device",
                        why=reason.text,
                        what_to_do="Check the cable, the port and the family; see: stimctl ports",
                    )
                case LineKind(simulation):
                    found["simulation"] = simulation
                case Identity() as identity:
                    found |= encode(identity)
        if found and client.state != "disconnected":
            return found
    raise LinkError(
        f"{client.device} was not identified within {_WITHIN_S:.0f} s",
        why="it did not say who it is",
        what_to_do="Switch it off and on, then try again",
    )
