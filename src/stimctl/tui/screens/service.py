"""The device, its protections, the limits in force and the link, in detail."""

from __future__ import annotations

from stimctl.quantity import format_current, format_duration
from stimctl.tui.page import Page
from stimctl.tui.planning import family_of
from stimctl.tui.text import Line, line, safe
from stimctl.version import __version__


class ServicePage(Page):
    """Read only."""

    name = "service"
    title = "SERVICE"
    footer = ("connect", "back")

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """Sheet, protections, link, paths."""
        live, sheet = self.bed.live, family_of(self.bed.device).sheet
        bounds, protections = sheet.bounds, sheet.protections
        after = sheet.run_after_host_death
        death = after.under_our_rules_us
        lines = [
            line((f"{sheet.maker} {sheet.model}", "title"), f"  {sheet.intended_use.value}"),
            line(f"serial {live.serial or '–'}   firmware {live.firmware or '–'}   "
                 f"at {live.address or '–'}"),
            line(f"most {format_current(bounds.amplitude_max_ua)} in steps of "
                 f"{format_current(bounds.amplitude_step_ua)}, {bounds.channels} channels"),
            line(f"watchdog {format_duration(sheet.watchdog_us) if sheet.watchdog_us else 'none'}, "
                 f"keep-alive {format_duration(sheet.keep_alive_us)}, "
                 f"output after death of this computer at most "
                 f"{format_duration(death) if death else 'not bounded'}"),
            line(f"readback: {sheet.readback.value}; what it does not report is never shown"),
            (),
            line(("protections in the device", "title")),
        ]  # fmt: skip
        for name in ("overload_trip", "no_load_trip", "automatic_shut_off", "patient_override"):
            one = getattr(protections, name)
            lines.append(line(f"{name.replace('_', ' '):<20} {one.presence.value:<9} ",
                              (safe(one.note)[: width - 32], "dim")))  # fmt: skip
        lines += [
            line((f"at the device: {safe(sheet.stop_instruction)}", "strong")),
            (),
            line(("link and records", "title")),
            line(f"link {live.link or '–'} {live.link_why}   dead-man trip {live.dead_man}"),
            line(f"journal {live.journal or 'none yet'}"),
            line(f"stimctl {__version__}   state {self.bed.state_folder}"),
        ]
        return lines
