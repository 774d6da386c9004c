"""What on this machine could be a stop face. Read from the system's own files; opens nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stimctl.supervisor.ports import list_ports
from stimctl.supervisor.stop_face_names import DSR, LINE, PEDAL, StopFaceName

_INPUT_CLASS = Path("/sys/class/input")
_INPUT_NODES = Path("/dev/input")
_LETTERS = range(16, 51)  # KEY_Q to KEY_M of <linux/input-event-codes.h>


@dataclass(frozen=True, slots=True)
class Candidate:
    """`name` is what `--stop-face` takes; `trouble` is why it cannot be opened, or ""."""

    name: str
    description: str
    usb_id: str
    trouble: str

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def list_stop_faces(
    inputs: Path = _INPUT_CLASS, nodes: Path = _INPUT_NODES
) -> tuple[Candidate, ...]:
    """Input devices with keys or buttons, then serial ports with their DSR line."""
    return (*_pedals(inputs, nodes), *_lines())


def _pedals(inputs: Path, nodes: Path) -> Iterator[Candidate]:
    for folder in sorted(inputs.glob("event*"), key=lambda path: (len(path.name), path.name)):
        device = folder / "device"
        keys = _keys(_text(device / "capabilities/key"))
        if not keys:
            continue
        node = nodes / folder.name
        told = _text(device / "name") or "input device"
        note = ": has the keys of a whole keyboard" if keys.issuperset(_LETTERS) else ""
        vendor, product = _text(device / "id/vendor"), _text(device / "id/product")
        yield Candidate(
            name=str(StopFaceName(PEDAL, _stable(node, nodes / "by-id"))),
            description=f"{told}{note}",
            usb_id=f"{vendor}:{product}",
            trouble=_trouble(node),
        )


def _lines() -> Iterator[Candidate]:
    for port in list_ports():
        path = port.stable_path or port.address
        yield Candidate(
            name=str(StopFaceName(LINE, path, DSR)),
            description=f"{port.description}: a button on its DSR or CTS line",
            usb_id=f"{port.vendor}:{port.product}" if port.vendor else "",
            trouble=port.trouble or port.holder,
        )


def _keys(words: str) -> set[int]:
    """The key codes of a bitmap of the system: hexadecimal words, the highest first."""
    bits = 8 * (8 if os.uname().machine.endswith("64") else 4)
    found = 0
    try:
        for word in words.split():
            found = found << bits | int(word, 16)
    except ValueError:
        return set()
    return {code for code in range(found.bit_length()) if found >> code & 1}


def _stable(node: Path, by_id: Path) -> str:
    """The name that stays the same when it is replugged, where it has one."""
    if by_id.is_dir():
        for link in sorted(by_id.iterdir()):
            if link.resolve() == node.resolve():
                return str(link)
    return str(node)


def _trouble(node: Path) -> str:
    if not node.exists():
        return "no file in /dev"
    return "" if os.access(node, os.R_OK) else "no permission (group input)"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
