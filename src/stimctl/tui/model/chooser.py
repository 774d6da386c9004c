"""The first screen: what there is to do, and a page to read before the first session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from stimctl.tui.model.modes import begin_demo
from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.person import PersonPage
from stimctl.tui.model.persons import known_persons
from stimctl.tui.model.steps import go_on

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to do: the action that does it, its name, what it is."""

    action: str
    name: str
    words: str


_ENTRIES = (
    Entry("person", "Treat a patient", "patient, device, screening, protocol: step by step"),
    Entry("demo", "Practice", "a whole session on a simulated stimulator, nothing to connect"),
    Entry("lessons", "Lessons", "five short ones: a lost electrode, a lost cable, and so on"),
    Entry("safety", "Read the safety sheet", "one page, before the first session"),
)


class ChooserPage(Page):
    """Treat, practice, read; and again as the last time, where somebody was treated before."""

    name = "chooser"
    title = "Start"
    actions: ClassVar[tuple[str, ...]] = ("choose", "again", "demo", "lessons", "safety")
    footer = ("choose",)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        #: Who was treated last, and what with; "" where nobody was.
        self.last = self.last_words = ""

    def opened(self) -> None:
        """Who was here last."""
        self.bed.jobs.run(
            lambda: known_persons(self.bed.state_folder),
            self._found,
            lambda error: self.desk.say(str(error)),
        )

    def _found(self, known: list[tuple[str, str]]) -> None:
        self.last, self.last_words = known[0] if known else ("", "")

    def entries(self) -> tuple[Entry, ...]:
        """What there is to do; where somebody was treated before, that first."""
        if not self.last:
            return _ENTRIES
        again = Entry("again", f"Same as last time: {self.last}", self.last_words)
        return (again, *_ENTRIES)

    def offers(self) -> Offers:
        """Each by its letter too."""
        found: dict[str, str | None] = dict.fromkeys(("choose", "demo", "lessons", "safety"))
        found["again"] = None if self.last else "Nobody was treated here yet."
        return {**found, "back": "This is the first screen."}

    def act(self, action: str) -> None:
        """Go there."""
        if action == "demo":
            begin_demo(self.desk)
        elif action == "lessons":
            self.desk.open("lessons")
        elif action == "safety":
            self.desk.open("safety-sheet")
        elif action == "again":
            self._again()
        else:
            go_on(self.desk)

    def _again(self) -> None:
        """The patient of the last session; the PIN is asked, and the rest is filled in after it."""
        page = self.desk.pages["person"]
        assert isinstance(page, PersonPage)
        self.desk.open("person")
        page.again(self.last)


SHEET: tuple[tuple[str, str], ...] = (
    ("Before", "Ask every screening question. Never through the head, the front of the neck, or "
     "across the chest. Look at the skin. Show the patient how to stop."),
    ("STOP", "SPACE, Ctrl-X, Ctrl-C or F12 stop all channels at once, from every screen. The "
     "device confirms it, or the screen says OUTPUT UNKNOWN: then unplug the electrode cable or "
     "switch the device off. Do that whenever in doubt."),
    ("Start", "Every start is at zero, with two keys: ready (a), then start (g). Increase one step "
     "at a time (↑) and ask. Decreasing (↓) works on every screen."),
    ("Numbers", "Set: asked for. Confirmed: accepted by the device. Measured: only where the "
     "device measures. A number that is too old is shown as ––."),
    ("Limits", "Nothing is ever changed to fit a limit. It is refused, with the limit, its source "
     "and the nearest value that is allowed."),
    ("Never", "Leave a running session. Trust a frozen screen: look for the seconds. Use this on a "
     "patient without the qualification to do so: it is not a medical device."),
)  # fmt: skip


class SafetyPage(Page):
    """The one-page safety sheet."""

    name = "safety-sheet"
    title = "Safety sheet"
    footer = ("back",)
