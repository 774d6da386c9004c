"""The first screen: exactly three things to do, and a page to read before the first session."""

from __future__ import annotations

from stimctl.tui.model.modes import begin_demo
from stimctl.tui.model.text import Line, line, wrap
from stimctl.tui.old.page import ListPage, Offers, Page
from stimctl.version import __version__

_CHOICES = (
    ("1 Demo", "a whole session on the twin: no device needed"),
    ("2 Connect a device", "find a stimulator and check its link"),
    ("3 Read the safety sheet", "one page, before the first session"),
)


class ChooserPage(ListPage):
    """Demo, Connect, safety sheet."""

    name = "chooser"
    title = "START"
    footer = ("choose", "demo")
    has_menu = False

    def count(self) -> int:
        """Three."""
        return len(_CHOICES)

    def offers(self) -> Offers:
        """Moving and choosing, by arrows or by number."""
        return {
            **super().offers(), "demo": None, "channel-1": None, "channel-2": None,
            "channel-3": None, "back": "this is the first screen",
        }  # fmt: skip

    def act(self, action: str) -> None:
        """Take the choice."""
        if action == "demo":
            action = "channel-1"
        if action.startswith("channel-"):
            self.picked = int(action[-1]) - 1
            self.chosen()
        else:
            super().act(action)

    def chosen(self) -> None:
        """Go there. The demo has a person's code of its own, and a protocol to begin with."""
        if self.picked == 2:
            self.desk.open("safety-sheet")
        elif self.picked == 1:
            self.desk.open("person")
        else:
            begin_demo(self.desk)

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """The three choices and what this program is."""
        rows = [line((f"{name:<26}", "strong"), words) for name, words in _CHOICES]
        lines = [line((f"stimctl {__version__}", "title")), ()]
        for text in wrap(
            "Safety-first control of electrical stimulators. Research and simulation software, "
            "not a medical device.",
            width,
        ):
            lines.append(line(text))
        lines += [(), *self.rows(rows, 3), ()]
        lines.append(line(("SPACE, Ctrl-X, Ctrl-C or F12 ", "key"), "stop all output, everywhere."))
        lines.append(line("Nothing is written to this computer until you choose."))
        return lines


_SHEET = (
    ("Before", "Ask every contraindication. Never through the head, the front of the neck, or "
     "across the chest. Look at the skin. The person knows how to say stop."),
    ("STOP", "SPACE, Ctrl-X, Ctrl-C, F12: all channels, at once, from every screen. It is "
     "confirmed by the device, or the screen says OUTPUT UNKNOWN: then pull the electrode cable "
     "or switch the device off. Do that whenever in doubt, without asking this program."),
    ("Start", "Every start is at zero. Two different keys arm (a) and start (g). Raise one step at "
     "a time (↑) and ask; a held key is one step. Down (↓) is never limited."),
    ("Numbers", "set = asked for. ack = accepted by the device. meas = measured; a device that "
     "measures nothing has no such column. A number that is too old is shown as ––."),
    ("Limits", "Nothing is ever adjusted to fit a limit. It is refused, with the limit, its source "
     "and the nearest legal value."),
    ("Never", "Leave a running session. Trust a frozen screen: look for the seconds. Use this on "
     "a person without the qualification to do so: it is not a medical device."),
)  # fmt: skip


class SafetyPage(Page):
    """The one-page safety sheet."""

    name = "safety-sheet"
    title = "SAFETY SHEET"
    footer = ("back",)
    has_menu = False

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """What to know, in one page."""
        lines: list[Line] = []
        for head, text in _SHEET:
            for number, part in enumerate(wrap(text, width - 10)):
                lines.append(line((f"{head if not number else '':<10}", "strong"), part))
        return lines
