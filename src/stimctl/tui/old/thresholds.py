"""What was marked in this session and in the last: sensory, motor, tolerance, for each channel."""

from __future__ import annotations

from stimctl.tui.model.persons import THRESHOLDS_FOR_H, Mark, now_s
from stimctl.tui.model.text import Line, line, safe
from stimctl.tui.old.page import Page

WORDS = ("sensory", "motor", "tolerance")


class ThresholdsPage(Page):
    """A table; s, m and t on the Run screen fill it."""

    name = "thresholds"
    title = "THRESHOLDS"
    footer = ("run", "back")

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """Now, and last time for the same sites and pads."""
        live = self.bed.live
        head = "channel             " + "".join(f"{word:>14}" for word in WORDS)
        lines = [line((head, "title"))]
        for number, one in sorted(live.channels.items()):
            cells = "".join(f"{self._now(number, word):>14}" for word in WORDS)
            lines.append(line((f"{number} {one.role:<18}", "strong"), cells))
        if not live.channels:
            lines.append(line("no plan is loaded: 7 run"))
        lines += [
            (),
            line(("mark with s, m, t on the Run screen, at the present set value", "dim")),
        ]
        old = [mark for mark in self.bed.memory.marks if self._counts(mark)]
        if old:
            lines += [
                (),
                line((f"last {THRESHOLDS_FOR_H} h, same person (never set from here)", "title")),
            ]
            lines += [
                line((f"ch{mark.channel} {mark.what} {mark.text} "
                      f"{safe(mark.site)}", "dim"))
                for mark in old
            ]  # fmt: skip
        return lines

    def _now(self, channel: int, what: str) -> str:
        for mark in self.bed.marks:
            if (mark.channel, mark.what) == (channel, what):
                return mark.text
        return "–"

    def _counts(self, mark: Mark) -> bool:
        """Same site and pads, and young enough to mean something."""
        seats = self.bed.choice.seats if self.bed.choice else ()
        same = any(
            (seat.channel, seat.site or "", seat.area_mm2)
            == (mark.channel, mark.site, mark.area_mm2)
            for seat in seats
        )
        return same and now_s() - mark.at_s < THRESHOLDS_FOR_H * 3600
