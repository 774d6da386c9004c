"""Device, protections, limits in effect, link and records in detail; it changes nothing."""

from __future__ import annotations

from typing import Any

from stimctl.tui.model.device_facts import (
    PROTECTIONS,
    after_death,
    intended_use,
    reads_back,
    strength,
)
from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.planned import limits_of
from stimctl.tui.model.planning import family_of
from stimctl.tui.model.text import safe
from stimctl.tui.model.words import duration_text
from stimctl.version import __version__

Rows = list[tuple[str, str]]


class ServicePage(Page):
    """To be read."""

    name = "service"
    title = "Service"
    actions = ("connect", "log")
    footer = actions

    def offers(self) -> Offers:
        """To every event."""
        return {"log": None}

    def act(self, action: str) -> None:
        """There."""
        self.desk.open(action)

    def sections(self) -> dict[str, Rows]:
        """Each with its rows: label and words."""
        return {
            "Device": self._device(), "Protections": self._protections(),
            "Limits": self._limits(), "Link": self._link(), "Records": self._records(),
        }  # fmt: skip

    def _sheet(self) -> Any:
        return family_of(self.bed.device).sheet if self.bed.device else None

    def _device(self) -> Rows:
        sheet, live = self._sheet(), self.bed.live
        if sheet is None:
            return [("Device", "none is connected: 2")]
        family = family_of(self.bed.device)
        watchdog = duration_text(sheet.watchdog_us) if sheet.watchdog_us else "none"
        return [
            ("Device", safe(f"{sheet.maker} {sheet.model}: {intended_use(family)}")),
            ("Output", strength(family)),
            ("Serial number", live.serial or "not reported"),
            ("Firmware", live.firmware or "not reported"),
            ("Feedback", reads_back(family)),
            ("Keep-alive", f"every {duration_text(sheet.keep_alive_us)}, watchdog {watchdog}"),
            ("If this fails", after_death(family)),
            ("", safe(sheet.run_after_host_death.note, 400)),
        ]

    def _protections(self) -> Rows:
        sheet = self._sheet()
        if sheet is None:
            return [("Device", "none is connected: 2")]
        found = [(words, getattr(sheet.protections, name)) for words, name in PROTECTIONS]
        rows = [
            (words.capitalize(), f"{one.presence.value}: {safe(one.note, 400)}")
            for words, one in found
        ]
        return [*rows, ("At the device", sheet.stop_instruction)]

    def _limits(self) -> Rows:
        """For each channel its bounds, the closest first, at the maximum."""
        plan = self.bed.plan
        if plan is None:
            return [("Limits", "no plan is chosen: 4")]
        seats = self.bed.choice.seats if self.bed.choice else ()
        rows: Rows = []
        for one in plan.channels:
            most = next((each.ceiling for each in seats if each.channel == one.channel), "–")
            plan_name = f"plan {self.bed.plan_digest[:8]}"
            rows.append((f"Channel {one.channel}", f"{one.role}, maximum {most}, {plan_name}"))
            rows += limits_of(one)
        return rows

    def _link(self) -> Rows:
        live, desk = self.bed.live, self.desk
        told = ", ".join(f"{name} {value}" for name, value in live.line.items()
                         if name not in ("address", "device") and value is not None)  # fmt: skip
        probe = desk.lookout.probe
        way_ns = None if probe is None else probe.way_ns(desk.clock.mono_ns())
        way = "not measured" if way_ns is None else f"{way_ns // 1_000_000} ms there and back"
        return [
            ("Link", f"{live.link or '–'} {live.link_why}".strip()),
            ("Port", f"{live.address or '–'} {told}".strip()),
            ("Watchdog test", live.dead_man),
            ("Terminal", f"{way}; {desk.width}x{desk.height}, theme {desk.theme}"),
        ]

    def _records(self) -> Rows:
        return [
            ("Journal", self.bed.live.journal or "none yet"),
            ("stimctl", f"{__version__}, records in {self.bed.state_folder}"),
        ]
