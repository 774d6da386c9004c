"""The screens that cover every other one: an output that is not confirmed, and a tiny terminal."""

from __future__ import annotations

from typing import ClassVar

from stimctl.supervisor.phrases import steps_to_zero
from stimctl.tui.model.attention import state_of
from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.unconfirmed import Unconfirmed, unconfirmed_of
from stimctl.tui.model.words import clock_text

_FIRST = "the output is not confirmed: follow the list"
_UNPLUGGED = "somebody has unplugged the electrodes; zero is not confirmed"


class UnknownPage(Page):
    """Zero is not confirmed. STOP is repeated; nothing else is done before somebody acts."""

    name = "unknown"
    title = "OUTPUT UNKNOWN"
    actions: ClassVar[tuple[str, ...]] = ("reconnect", "unplugged", "leave")
    footer = actions
    has_menu = False
    #: When somebody said that the electrodes are off, and of which unconfirmed output.
    _said: tuple[Unconfirmed | None, str] = (None, "")

    def offers(self) -> Offers:
        """Connecting again, and saying that the electrodes are off; one letter never leaves."""
        gone = None if self._lost.device else "no device was connected"
        making = "a connection is being made" if self.bed.connecting else None
        nowhere = None if self.bed.client is not None else "there is no session to record it in"
        return {
            "reconnect": gone or making, "unplugged": nowhere, "leave": None,
            "quit": f"{_FIRST}. Ctrl-Q leaves, one letter does not", "back": _FIRST,
            "help": _FIRST,
        }  # fmt: skip

    def act(self, action: str) -> None:
        """Connect again (zero is verified by that), or put on record what somebody has done."""
        if action == "leave":
            self.desk.leave()
        elif action == "reconnect":
            self.bed.reconnect()
        else:
            self.bed.ask("note", self._recorded, topic="unconfirmed output", text=_UNPLUGGED)

    def _recorded(self) -> None:
        self._said = (self._lost, self.desk.clock.wall_text())
        self.desk.say("Recorded: electrodes unplugged. Zero is still not confirmed.")

    @property
    def _lost(self) -> Unconfirmed:
        bed = self.bed
        return bed.live.expects or bed.lost or unconfirmed_of(bed.live, bed.device)

    def steps(self) -> list[str]:
        """What to do, in this order; the words of a step end with what records it."""
        told = steps_to_zero(self._lost.what_to_do)
        about, at = self._said
        is_done = about == self._lost
        done = f"✓ recorded {at}" if is_done else "Then press u."
        return [f"{told[0]} {done}", *told[1:], "Plug it in again. Press r: zero is verified."]

    def facts(self) -> list[str]:
        """Why, which device, and what the program does meanwhile."""
        live, lost = self.bed.live, self._lost
        kind = "SIMULATED" if lost.is_twin else "REAL CURRENT"
        why = (live.unknown or lost.why).split(". ")[0]
        return [
            f"Why: {why}",
            f"Stimulator: {lost.device or '?'}   serial {lost.serial or '?'}   {kind}",
            f"{self.desk.clock.wall_text()}  {self._meanwhile()}",
        ]

    def _meanwhile(self) -> str:
        if self.bed.connecting:
            return "Connecting again ..."
        if self.bed.client is None:
            why = self.bed.failure.what if self.bed.failure is not None else "no session"
            return f"Tried again every 2 s: {why}"
        return "STOP is being repeated. Nothing will resume."


class SmallPage(Page):
    """Too little room for anything but the state, the amplitudes and STOP."""

    name = "small"
    title = "TOO SMALL"
    has_menu = False

    def lines(self, width: int, height: int) -> list[str]:
        """From 12 by 2 cells on; the state first."""
        desk, live = self.desk, self.bed.live
        sim = " SIM" if live.sim else ""
        shown = [f"{state_of(live)[1]}{sim}"]
        if state_of(live)[0] == "running":
            shown = [f"● ON {clock_text(live.left_us(desk.clock.mono_ns()))}{sim}"]
        if live.attend_until_ns is not None:
            shown.append("ANY KEY: there?")
        on = [one for one in live.channels.values() if one.set_level] if live.busy else []
        if on and live.state != "unknown":
            each = [f"{one.number}: {live.measure.text(one.set_level)}" for one in on]
            joined = "  ".join(each)
            shown += [joined] if len(joined) <= width else each
        elif not live.busy:
            shown.append(f"too small: {width}x{height}, needed 80x24; nothing is started")
        return shown[: max(1, height - 1)]
