"""What a user writes for a device: `sim:p24`, `p24:/dev/ttyACM0`; on the stop path."""

from __future__ import annotations

from stimctl.devices.family import ENTRY_POINTS, EXAMPLES, NAMES, find_family
from stimctl.devices.family import EXAMPLE as EXAMPLE
from stimctl.devices.family import EXAMPLE_WITHOUT_CURRENT as EXAMPLE_WITHOUT_CURRENT

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from stimctl.light_tuple import NamedTuple

FAMILIES = NAMES
TWIN = "sim"


class DeviceName(NamedTuple):
    """A device family and where it is; `address` is empty for a twin still to be started."""

    family: str
    address: str

    @property
    def is_twin(self) -> bool:
        """True for `sim:FAMILY`: a twin that stimctl starts itself."""
        return not self.address

    def __str__(self) -> str:
        return f"{self.family}:{self.address}" if self.address else f"{TWIN}:{self.family}"


def installed_families() -> tuple[str, ...]:
    """The families that installed packages offer, but those whose name is built in."""
    from importlib.metadata import entry_points  # late: a stop asks for one name at most

    return tuple(sorted({one.name for one in entry_points(group=ENTRY_POINTS)} - {*FAMILIES}))


def parse_device(text: str) -> DeviceName:
    """Take a device name apart.

    Accepts `sim:FAMILY`, `FAMILY:/path/of/port` and `FAMILY:socket://host:port`.
    Raises `UsageError` that shows the right form.
    """
    if not isinstance(text, str):
        raise _refused(f"{text!r} is not a device name")
    kind, colon, rest = text.strip().partition(":")
    if not colon or not rest:
        raise _refused(f"{text!r} does not name a device", "it has no FAMILY:PORT form")
    family, address = (rest, "") if kind == TWIN else (kind, rest)
    if find_family(family) is None:
        raise _refused(
            f"{text!r} does not name a device",
            f"the families stimctl drives are: {', '.join(FAMILIES)}",
        )
    if address and not address.startswith(("/", "socket://")):
        raise _refused(
            f"{text!r} does not name a port", "a port is an absolute path or socket://host:port"
        )
    return DeviceName(family, address)


def _refused(what: str, why: str = "") -> Exception:
    from stimctl.errors import UsageError  # late: only a wrong name needs it

    return UsageError(what, why=why, what_to_do=EXAMPLES)
