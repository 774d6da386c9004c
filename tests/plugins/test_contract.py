"""What the files of a driver may not do: each way is found in its source, and named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stimctl.testing.contract import flaws_of

HOSTILE = [
    ("import time", "imports time"),
    ("from time import monotonic_ns", "imports monotonic_ns of time"),
    ("import datetime", "imports datetime"),
    ("import os", "imports os"),
    ("import socket", "imports socket"),
    ("import serial", "imports serial"),
    ("import subprocess", "imports subprocess"),
    ("import threading", "imports threading"),
    ("import _thread", "imports _thread"),
    ("import asyncio", "imports asyncio"),
    ("import ctypes", "imports ctypes"),
    ("import random", "imports random"),
    ("import importlib", "imports importlib"),
    ("import urllib.request", "imports urllib.request"),
    ("import numpy", "imports numpy"),
    ("from typing import sys", "imports sys of typing"),
    ("import typing\ntyping.sys.modules", "reaches for sys"),
    ("from stimctl.safety import clear", "imports clear of stimctl.safety"),
    ("from stimctl.safety.clearance import clear", "imports clear of stimctl.safety.clearance"),
    ("from stimctl.safety.cleared import seal", "imports seal of stimctl.safety.cleared"),
    ("from stimctl.safety.sealed import enter", "imports enter of stimctl.safety.sealed"),
    ("from stimctl.safety.sealed import _register", "imports _register of stimctl.safety.sealed"),
    ("import stimctl.devices.events", "imports stimctl.devices.events"),
    ("from stimctl.devices.family import load", "imports load of stimctl.devices.family"),
    ("from stimctl.devices import registry", "imports registry of stimctl.devices"),
    ("from stimctl.wire.names import import_module", "imports import_module of stimctl.wire.names"),
    (
        "from stimctl.supervisor.port import open_port",
        "imports open_port of stimctl.supervisor.port",
    ),
    ("from stimctl.session import engine", "imports engine of stimctl.session"),
    ("__import__('os')", "uses __import__"),
    ("open('/dev/ttyUSB0')", "uses open"),
    ("eval('1')", "uses eval"),
    ("exec('1')", "uses exec"),
    ("getattr(ToyDriver, 'x')", "uses getattr"),
    ("setattr(ToyDriver, 'x', 1)", "uses setattr"),
    ("__builtins__", "uses __builtins__"),
    ("ToyDriver.stop.__globals__", "reaches for __globals__"),
    ("().__class__.__base__.__subclasses__()", "reaches for __subclasses__"),
    ("async def late() -> None: ...", "is asynchronous"),
    ("def (", "it cannot be read"),
]


@pytest.mark.parametrize(("line", "what"), HOSTILE, ids=[what for _, what in HOSTILE])
@pytest.mark.hazard("H53")
def test_a_line_that_breaks_the_contract_is_found(site: Path, line: str, what: str) -> None:
    path = site / "toy_stimulator" / "driver.py"
    path.write_text(path.read_text(encoding="utf-8") + f"\n\n{line}\n", encoding="utf-8")
    flaws = [str(one) for one in flaws_of(("toy_stimulator",))]
    assert flaws, line
    assert all(one.startswith("toy_stimulator/driver.py:") for one in flaws)
    assert any(what in one for one in flaws), flaws


@pytest.mark.parametrize("name", ["fast.so", "fast.cpython-311-x86_64-linux-gnu.so", "old.pyc"])
def test_what_is_no_source_is_found(site: Path, name: str) -> None:
    (site / "toy_stimulator" / name).write_bytes(b"\0")
    assert ["it cannot be read" in str(one) for one in flaws_of(("toy_stimulator",))] == [True]


def test_the_example_keeps_the_contract(site: Path, reinstall: Callable[..., None]) -> None:
    assert list(flaws_of(("toy_stimulator",))) == []
