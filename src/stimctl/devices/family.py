"""The device families, one row each, and no other list of them. On the stop path.

A row names modules, and they are loaded when they are needed: the stop path loads the stop dialogue
of one family, and no sheet and no driver. A name that is no row is looked for among the entry
points `stimctl.device` of the packages that are installed; each of them leads to a `DeviceFamily`.
A row wins over an entry point of its name.

The twins have a table of their own, `firmware_sim.devices`; a test compares the names.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from typing import Any, NamedTuple
else:
    from stimctl.light_tuple import NamedTuple

ENTRY_POINTS = "stimctl.device"


class LineSettings(NamedTuple):
    """One way to set a serial line; 8 data bits. `parity` N none, E even; `rtscts` flow control."""

    baud: int
    rtscts: bool = False
    stop_bits: int = 1
    parity: str = "N"


class DeviceFamily(NamedTuple):
    """Everything that tells one device family from the others, by name.

    sheet, driver, stop: "module:attribute". sheet: its `CapabilitySheet`. driver: makes a new
    `devices.driver.Driver`. stop: makes what the stop path says to it and how it knows that zero is
    verified (`supervisor.stop_sequence.StopSequence`), from a number that no other process takes at
    this time; it loads nothing that the first byte of a stop cannot wait for. wire: the protocol,
    by the name of its package in `stimctl.wire`.

    lines: how to set its serial line, best first. resets_by_dtr: it restarts when DTR is raised,
    which ends its output; opening its port raises DTR. twin: its twin, by the name it has in
    `firmware_sim.devices`.
    """

    name: str
    sheet: str
    driver: str
    stop: str
    wire: str
    lines: tuple[LineSettings, ...]
    twin: str
    resets_by_dtr: bool = False


BUILT_IN = (
    DeviceFamily(
        "p24",
        sheet="stimctl.devices.p24.sheet:P24_SHEET",
        driver="stimctl.devices.p24.driver:P24Driver",
        stop="stimctl.devices.p24.stop:P24StopSequence",
        wire="sciencemode4",
        # 3 000 000 baud with RTS/CTS [IFU]; where the system refuses it, the slower ones, which
        # have no electrical meaning over USB and have driven real devices [LIB][PEER].
        lines=(
            LineSettings(3_000_000, rtscts=True, stop_bits=2),
            LineSettings(230_400),
            LineSettings(115_200),
        ),
        twin="p24",
    ),
    DeviceFamily(
        "rehastim2",
        sheet="stimctl.devices.rehastim2.sheet:REHASTIM2_SHEET",
        driver="stimctl.devices.rehastim2.driver:RehaStim2Driver",
        stop="stimctl.devices.rehastim2.stop:RehaStim2StopSequence",
        wire="sciencemode2",
        # A real UART sits behind the adapter, which needs exactly this [DOC][DEV].
        lines=(LineSettings(460_800, parity="E"),),
        twin="rehastim2",
    ),
    DeviceFamily(
        "openemsstim",
        sheet="stimctl.devices.openemsstim.sheet:OPENEMSSTIM_SHEET",
        driver="stimctl.devices.openemsstim.driver:OpenEmsStimDriver",
        stop="stimctl.devices.openemsstim.stop:OpenEmsStimStopSequence",
        wire="openemsstim",
        lines=(LineSettings(19_200),),  # the board's UART behind its USB adapter [FW]
        twin="openemsstim",
        resets_by_dtr=True,
    ),
    DeviceFamily(
        "rehamove3",
        sheet="stimctl.devices.rehamove3.sheet:REHAMOVE3_SHEET",
        driver="stimctl.devices.rehamove3.driver:RehaMove3Driver",
        stop="stimctl.devices.rehamove3.stop:RehaMove3StopSequence",
        wire="sciencemode3",
        # A real UART sits behind the FTDI chip, which needs exactly this [DOC].
        lines=(LineSettings(3_000_000, rtscts=True, stop_bits=2),),
        twin="rehamove3",
    ),
)
_FOUND: dict[str, DeviceFamily | None] = {}  # by name, what the search has found
NAMES = tuple(row.name for row in BUILT_IN)
#: What help texts and messages show; the second of the kind that has no current of its own.
EXAMPLE, EXAMPLE_WITHOUT_CURRENT = "p24", "openemsstim"
EXAMPLES = (
    f"Write sim:{EXAMPLE} for the digital twin, or {EXAMPLE}:/dev/ttyACM0 for a device on a serial "
    "port."
)


def find_family(name: str) -> DeviceFamily | None:
    """The row of that name, or what an installed package offers under it; None = neither."""
    for row in BUILT_IN:
        if row.name == name:
            return row
    if name and name not in _FOUND:
        _FOUND[name] = _from_packages(name)
    return _FOUND.get(name)


def remember(row: DeviceFamily) -> None:
    """Take this row for its name, unless one is known: nothing is searched for it."""
    if _FOUND.get(row.name) is None:
        _FOUND[row.name] = row


def family_row(name: str) -> DeviceFamily:
    """The row of that name; UsageError with the names there are."""
    found = find_family(name)
    if found is None:
        from stimctl.errors import UsageError  # late: only a wrong name needs it

        raise UsageError(
            f"{name!r} is no device family" if name else "no device family is named",
            why=f"the families stimctl drives are: {', '.join(NAMES)}",
            what_to_do=EXAMPLES,
        )
    return found


def load(place: str) -> Any:
    """The attribute that "module:attribute" names."""
    module, _, attribute = place.partition(":")
    return getattr(__import__(module, fromlist=(attribute,)), attribute)


def _from_packages(name: str) -> DeviceFamily | None:
    # Only here: the search reads the metadata of every installed package, about 30 ms.
    from importlib.metadata import entry_points

    from stimctl.errors import UsageError

    for one in entry_points(group=ENTRY_POINTS, name=name):
        try:
            row = one.load()
        except (Exception, SystemExit) as error:
            raise UsageError(
                f"the device family {name!r} cannot be used",
                why=f"{one.value} raises {error!r} when it is loaded",
                what_to_do="tell the author of that package, or remove it",
            ) from error
        if not isinstance(row, DeviceFamily) or row.name != name:
            raise UsageError(
                f"the device family {name!r} cannot be used",
                why=f"{one.value} is no DeviceFamily of that name",
                what_to_do="tell the author of that package, or remove it",
            )
        return row
    return None
