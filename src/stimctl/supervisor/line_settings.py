"""How the serial line of each device family is set. On the stop path."""

from __future__ import annotations

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from stimctl.light_tuple import NamedTuple


class Line(NamedTuple):
    """One way to set a serial line; 8 data bits. `parity` N none, E even."""

    baud: int
    rtscts: bool = False
    stop_bits: int = 1
    parity: str = "N"


# ScienceMode 4: 3 000 000 baud with RTS/CTS [IFU]; where the system refuses it, the slower ones,
# which have no electrical meaning over USB and have driven real devices [LIB][PEER].
P24_LINES = (Line(3_000_000, rtscts=True, stop_bits=2), Line(230_400), Line(115_200))
# ScienceMode 2: a real UART sits behind the adapter, which needs exactly this [DOC][DEV].
REHASTIM2_LINES = (Line(460_800, parity="E"),)
# openEMSstim: the board's UART behind its USB adapter [FW].
OPENEMSSTIM_LINES = (Line(19_200),)
LINES = {
    "p24": P24_LINES,
    "rehastim2": REHASTIM2_LINES,
    "openemsstim": OPENEMSSTIM_LINES,
}
"""By device family, for the stop path, which reads no capability sheet; a test compares them."""
RESET_BY_DTR = frozenset({"openemsstim"})
"""Families that restart when DTR is raised, which ends their output."""
