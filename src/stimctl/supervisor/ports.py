"""Which serial ports this machine has, what is plugged into them, and who may use or uses them.

Read from the system's own files, so that a listing opens no port: opening one can reset a device.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stimctl.errors import StimctlError
from stimctl.supervisor.locks import read_holder
from stimctl.supervisor.port_facts import is_loopback

_TTY_CLASS = Path("/sys/class/tty")
_DEV = Path("/dev")
_BY_ID = Path("/dev/serial/by-id")
_USB_DEVICES = Path("/sys/bus/usb/devices")
# Makers of nothing but serial adapters, or nearly so: FTDI, WCH (CH340), Silicon Labs (CP210x).
_ADAPTER_VENDORS = frozenset({"0403", "1a86", "10c4"})
_SERIAL_DEVICES = frozenset({("0483", "5740")})  # STM32's own, which a P24 has [IFU]
# Kernel drivers of built-in UARTs; without a chip behind them they are listed and never answer.
_BUILT_IN = frozenset({"serial8250", "port", "pnp", "uart-pl011"})


@dataclass(frozen=True, slots=True)
class SerialPortInfo:
    """One port. USB ids are four hex digits, "" where there are none."""

    address: str
    description: str
    vendor: str
    product: str
    serial_number: str
    driver: str
    stable_path: str  # under /dev/serial/by-id: the same after replugging
    may_open: bool
    group: str
    holder: str
    has_node: bool = True  # False: the system lists it, and /dev has no file for it

    @property
    def trouble(self) -> str:
        """Why it cannot be opened, in a few words; "" where it can."""
        if not self.has_node:
            return "no file in /dev"
        return "" if self.may_open else f"no permission (group {self.group})"

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def list_ports() -> tuple[SerialPortInfo, ...]:
    """All serial ports with something behind them, by name. USB details on Linux only."""
    if sys.platform == "linux":
        found = _linux_ports(_TTY_CLASS)
    else:
        found = (_describe(path, Path()) for path in sorted(_DEV.glob("cu.*")))
    return tuple(found)


def may_be_software(address: str) -> bool:
    """True where a twin may be at the other end: a pseudo terminal, or TCP on this machine.

    By the name alone, so it is a first guess: a program can hand a pseudo terminal or a TCP port
    on to a device. `stimctl.supervisor.twin_lines` decides once the device has answered.
    """
    if address.startswith("socket://"):
        host = address.removeprefix("socket://").rpartition(":")[0].strip("[]")
        return host == "localhost" or is_loopback(host)
    path = os.path.realpath(address)
    return path.startswith("/dev/pts/") or (
        sys.platform == "darwin" and bool(re.fullmatch(r"/dev/ttys\d+", path))
    )


def _linux_ports(folder: Path) -> Iterator[SerialPortInfo]:
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    for tty in found:
        device = tty / "device"
        if not device.exists():  # a console or a pseudo terminal
            continue
        driver = _link_name(device / "driver")
        if driver in _BUILT_IN or _link_name(device / "subsystem") == "platform":
            continue
        yield _describe(_DEV / tty.name, device)


def _describe(path: Path, device: Path) -> SerialPortInfo:
    usb = _usb_parent(device)
    words = [_text(usb / "manufacturer"), _text(usb / "product")] if usb else []
    return SerialPortInfo(
        address=str(path),
        description=" ".join(word for word in words if word) or "serial port",
        vendor=_text(usb / "idVendor") if usb else "",
        product=_text(usb / "idProduct") if usb else "",
        serial_number=_text(usb / "serial") if usb else "",
        driver=_link_name(device / "driver") if device.parts else "",
        stable_path=_stable_path(path),
        may_open=os.access(path, os.R_OK | os.W_OK),
        group=_group_of(path),
        holder=_holder_of(path),
        has_node=path.exists(),
    )


@dataclass(frozen=True, slots=True)
class UsbWithoutPort:
    """A USB device that usually has a serial port, and has none here."""

    vendor: str
    product: str
    description: str


def usb_without_port(folder: Path = _USB_DEVICES) -> tuple[UsbWithoutPort, ...]:
    """Adapters and devices that are plugged in without a serial port: the driver is missing, or
    another program has taken them (brltty takes them for Braille displays). Linux only."""
    found = []
    for usb in sorted(folder.iterdir()) if folder.is_dir() else []:
        vendor, product = _text(usb / "idVendor"), _text(usb / "idProduct")
        serial = vendor in _ADAPTER_VENDORS or (vendor, product) in _SERIAL_DEVICES
        if serial and not any(usb.glob("*/tty*")):
            words = (_text(usb / "manufacturer"), _text(usb / "product"))
            text = " ".join(word for word in words if word) or "serial adapter"
            found.append(UsbWithoutPort(vendor, product, text))
    return tuple(found)


def _usb_parent(device: Path) -> Path | None:
    if not device.parts:
        return None
    resolved = device.resolve()
    return next((p for p in (resolved, *resolved.parents) if (p / "idVendor").is_file()), None)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _link_name(path: Path) -> str:
    try:
        return path.readlink().name
    except OSError:
        return ""


def _stable_path(path: Path) -> str:
    if not _BY_ID.is_dir():
        return ""
    target = path.resolve()
    return next((str(p) for p in sorted(_BY_ID.iterdir()) if p.resolve() == target), "")


def _group_of(path: Path) -> str:
    with contextlib.suppress(OSError, KeyError, NotImplementedError):
        return path.group()
    return ""


def _holder_of(path: Path) -> str:
    with contextlib.suppress(StimctlError, OSError):
        holder = read_holder(str(path))
        return "" if holder is None else str(holder)
    return ""
