"""Device, protections, limits in force, link and records in detail; it changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.tui.model.device_facts import PROTECTIONS, labelled, sheet_lines
from stimctl.tui.model.planned import limits_of
from stimctl.tui.model.planning import family_of
from stimctl.tui.model.text import Line, line, safe
from stimctl.tui.model.words import duration_text
from stimctl.tui.old.page import ListPage, Offers
from stimctl.version import __version__

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk


class ServicePage(ListPage):
    """Read only; ↑ and ↓ move through it where it is longer than the screen."""

    name = "service"
    title = "SERVICE"
    footer = ("move-down", "move-up", "connect", "back")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._lines = 0

    def count(self) -> int:
        """How far down it goes."""
        return self._lines

    def offers(self) -> Offers:
        """Moving; there is nothing to choose."""
        return {"move-up": None, "move-down": None}

    def body(self, width: int, height: int) -> list[Line]:
        """Everything, and of that what fits from where it was moved to."""
        lines = [
            *self._device(width), (), *self._limits(width), (), *self._link(width), (),
            *self._program(width),
        ]  # fmt: skip
        self._lines = max(1, len(lines) - height + 1)
        first = min(self.picked, self._lines - 1)
        return lines[first : first + height]

    def _device(self, width: int) -> list[Line]:
        if not self.bed.device:
            return [line(("no device is connected", "dim"))]
        family = family_of(self.bed.device)
        sheet, live = family.sheet, self.bed.live
        rows = [
            ("serial", f"{live.serial or 'not reported'}   "
             f"firmware {live.firmware or 'not reported'}"),
            ("keep-alive", f"every {duration_text(sheet.keep_alive_us)}, watchdog "
             f"{duration_text(sheet.watchdog_us) if sheet.watchdog_us else 'none'}"),
            ("after death", sheet.run_after_host_death.note),
            *((words, _protection(sheet.protections, name)) for words, name in PROTECTIONS),
            ("at the device", sheet.stop_instruction),
        ]  # fmt: skip
        return [*sheet_lines(family, width), *labelled(rows, width)]

    def _limits(self, width: int) -> list[Line]:
        """For each channel its bounds, the closest first, at the ceiling."""
        plan = self.bed.plan
        head = line(("limits in effect, the closest first", "title"))
        if plan is None:
            return [head, line(("no plan is chosen: 4 protocols", "dim"))]
        rows: list[Line] = [head]
        seats = self.bed.choice.seats if self.bed.choice else ()
        for one in plan.channels:
            most = next((each.ceiling for each in seats if each.channel == one.channel), "–")
            words = f"ch{one.channel} {one.role} to {most}, plan {self.bed.plan_digest[:8]}"
            rows.append(line((words, "strong")))
            rows += labelled(limits_of(one), width)
        return rows

    def _link(self, width: int) -> list[Line]:
        live = self.bed.live
        told = ", ".join(f"{name} {value}" for name, value in live.line.items()
                         if name not in ("address", "device") and value is not None)  # fmt: skip
        probe = self.desk.lookout.probe
        way_ns = None if probe is None else probe.way_ns(self.desk.clock.mono_ns())
        way = "not measured" if way_ns is None else f"{way_ns // 1_000_000} ms there and back"
        rows = [
            ("link", f"{live.link or '–'} {live.link_why}".strip()),
            ("line", f"{live.address or '–'} {told}".strip()),
            ("watchdog test", live.dead_man),
            ("terminal", f"{way}; {self.desk.width}x{self.desk.height}, theme {self.desk.theme}"),
        ]
        return [line(("link", "title")), *labelled(rows, width)]

    def _program(self, width: int) -> list[Line]:
        live = self.bed.live
        rows = [
            ("journal", live.journal or "none yet"),
            ("stimctl", f"{__version__}, records in {self.bed.state_folder}"),
        ]
        return [line(("records", "title")), *labelled(rows, width)]


def _protection(protections: object, name: str) -> str:
    one = getattr(protections, name)
    return f"{one.presence.value}: {safe(one.note)}"
