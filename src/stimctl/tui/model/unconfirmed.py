"""An output that nobody has confirmed to be zero: which device it is, and when that is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stimctl.supervisor.session_model import SessionModel

#: Between two tries to reach it, once somebody has asked for it.
TRY_EVERY_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """What is known of the device; `why` it is not confirmed, and what a person does there."""

    device: str
    serial: str
    is_twin: bool
    why: str
    what_to_do: str

    def refusal(self, live: SessionModel) -> str:
        """Why the zero of the device that answers now is not the zero of this one."""
        if self.is_twin and live.sim:
            return ""
        if not self.serial or not live.serial:
            return (
                "a stimulator answers, but without a serial number nobody can tell that it is "
                "the same one: switch it off"
            )
        if self.serial != live.serial:
            return f"another stimulator answers: serial {live.serial}, not {self.serial}"
        return ""


def unconfirmed_of(live: SessionModel, device: str, why: str = "") -> Unconfirmed:
    """What the screen knew when it was lost."""
    why = why or live.unknown or live.why
    return Unconfirmed(device, live.serial, live.sim, why, live.unknown_what_to_do)
