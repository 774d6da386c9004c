"""The twins there are, by name: one row for each family, and no other list of them.

A row names modules, and they are loaded when they are needed: a twin starts without the others. A
name that is no row is looked for among the entry points `firmware_sim.device` of the packages that
are installed; each of them leads to a `TwinFamily`. A row wins over an entry point of its name.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .firmware.wire import Wire
    from .invariant.families import Family, GateFamily
    from .twin import LocalTwin

ENTRY_POINTS = "firmware_sim.device"


class UnknownTwinError(ValueError):
    """There is no twin of that name."""


class LineSettings(NamedTuple):
    """What a device with a real UART wants of the line."""

    baud: int
    csize: int
    parity: str
    stop_bits: int

    def __str__(self) -> str:
        return f"{self.baud} {self.csize}{self.parity}{self.stop_bits}"


class TwinFamily(NamedTuple):
    """Everything that tells the twin of one family from the others.

    title: maker and model, for a list. make, options, wire, judge, faulty: "module:attribute".
    make gives a twin at its time 0; it takes seed, sink, wiretap and what its command line adds,
    all by keyword and each with a default. options adds to an `argparse` parser what only this
    twin takes; each option's `dest` is a keyword of make. wire: its `firmware.wire.Wire`. judge:
    its row for the invariant, a `Family` or a `GateFamily`. faulty: as make, for a twin whose
    firmware can misbehave; "" where there is none.

    line: what its UART needs (None: no UART, it takes every setting). resets_by_dtr: it restarts
    when its port is opened. worn: somebody can be at its leads, so there are loads, scenarios and
    faults of electrodes.
    """

    name: str
    title: str
    make: str
    options: str
    wire: str
    judge: str
    line: LineSettings | None = None
    resets_by_dtr: bool = False
    worn: bool = True
    faulty: str = ""


BUILT_IN = (
    TwinFamily(
        "p24",
        "HASOMED P24 (ScienceMode 4)",
        make="firmware_sim.firmware.p24_twin:make",
        options="firmware_sim.firmware.p24_twin:add_options",
        wire="firmware_sim.firmware.p24_wire:WIRE",
        judge="firmware_sim.invariant.p24_family:FAMILY",
        faulty="firmware_sim.firmware.p24_faulty:make",
    ),
    TwinFamily(
        "rehamove3",
        "HASOMED RehaMove3 (ScienceMode 3)",
        make="firmware_sim.firmware.rehamove3_twin:make",
        options="firmware_sim.firmware.rehamove3_twin:add_options",
        wire="firmware_sim.firmware.p24_wire:WIRE",  # the frames are the same
        judge="firmware_sim.invariant.rehamove3_family:FAMILY",
        line=LineSettings(3_000_000, 8, "N", 2),
        faulty="firmware_sim.firmware.rehamove3_faulty:make",
    ),
    TwinFamily(
        "rehastim2",
        "HASOMED RehaStim2 (ScienceMode 2)",
        make="firmware_sim.firmware.rehastim2_twin:make",
        options="firmware_sim.firmware.rehastim2_twin:add_options",
        wire="firmware_sim.firmware.rehastim2_wire:WIRE",
        judge="firmware_sim.invariant.rehastim2_family:FAMILY",
        line=LineSettings(460_800, 8, "E", 1),
    ),
    TwinFamily(
        "openemsstim",
        "openEMSstim (open attenuator board)",
        make="firmware_sim.firmware.openemsstim_twin:make",
        options="firmware_sim.firmware.openemsstim_twin:add_options",
        wire="firmware_sim.firmware.openemsstim_wire:WIRE",
        judge="firmware_sim.invariant.openemsstim_family:FAMILY",
        line=LineSettings(19_200, 8, "N", 1),
        resets_by_dtr=True,
        worn=False,
    ),
)


def find_twin(name: str) -> TwinFamily | None:
    """The row of that name, or what an installed package offers under it; None = neither."""
    for row in BUILT_IN:
        if row.name == name:
            return row
    return _from_packages(name) if name else None


def twin_named(name: str) -> TwinFamily:
    """The row of that name; UnknownTwinError with the names there are."""
    found = find_twin(name)
    if found is None:
        known = ", ".join(row.name for row in BUILT_IN)
        raise UnknownTwinError(f"no twin is called {name!r}; there are: {known}")
    return found


def make_twin(name: str, *, faulty: bool = False, **told: Any) -> LocalTwin:
    """A twin at its time 0; `told`: what its `make` takes. faulty: one whose firmware can
    misbehave, where there is one."""
    row = twin_named(name)
    twin: LocalTwin = load((faulty and row.faulty) or row.make)(**told)
    return twin


def load_all() -> None:
    """Load what the rows name now, and not when it is first needed."""
    for row in BUILT_IN:
        for place in filter(None, (row.make, row.wire, row.judge, row.faulty)):
            load(place)


def wire_named(name: str) -> Wire:
    """How frames are made on the wire of that twin."""
    wire: Wire = load(twin_named(name).wire)
    return wire


def judge_row(name: str) -> Family | GateFamily | None:
    """What the invariant knows of that twin; None where there is no such twin."""
    found = find_twin(name)
    return None if found is None else load(found.judge)


@cache
def load(place: str) -> Any:
    """The attribute that "module:attribute" names, loaded once."""
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


def _from_packages(name: str) -> TwinFamily | None:
    # Only here: the search reads the metadata of every installed package.
    from importlib.metadata import entry_points

    for one in entry_points(group=ENTRY_POINTS, name=name):
        row = one.load()
        if not isinstance(row, TwinFamily) or row.name != name:
            raise UnknownTwinError(f"{one.value} is no TwinFamily called {name!r}")
        return row
    return None
