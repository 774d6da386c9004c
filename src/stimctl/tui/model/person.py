"""Who is treated: codes used before, or a new one, and its PIN; never a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stimctl.errors import UsageError
from stimctl.records.person import check_person_code
from stimctl.tui.model.last_time import parts_of
from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.papers import check_second
from stimctl.tui.model.persons import DEMO, known_persons, remembered
from stimctl.tui.model.steps import go_on

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

_NOBODY = "No one selected."
_NO_SIGNS = {ord(sign): None for sign in "-_"}


class PersonPage(Page):
    """First a code, then its PIN. Nobody is taken before the PIN fits, or is left out."""

    name = "person"
    title = "Patient"
    actions: ClassVar[tuple[str, ...]] = ("choose",)
    footer = actions

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        #: Who was here before, the latest first: code, and the last session in words.
        self.known: list[tuple[str, str]] = []
        #: The code that was chosen and waits for its PIN; "" = none.
        self.waits = ""
        #: What the last session was is offered, once the PIN fits.
        self._as_before = False

    def opened(self) -> None:
        """Nobody is chosen; read who was here before."""
        self.waits, self._as_before = "", False
        self.bed.jobs.run(
            lambda: known_persons(self.bed.state_folder),
            self._found,
            lambda error: self.desk.say(str(error)),
        )

    def _found(self, known: list[tuple[str, str]]) -> None:
        self.known = known

    @property
    def busy(self) -> str | None:
        """Why nobody can be chosen now."""
        return "A session is under way: STOP first." if self.bed.output_may_be_on else None

    def offers(self) -> Offers:
        """Going on; back from the PIN leaves nobody chosen."""
        waiting = {"back": None} if self.waits else {}
        return {"choose": self.busy or (None if self.bed.person else "No one selected."), **waiting}

    def act(self, action: str) -> None:
        """On with the patient who was chosen before, or back to the codes."""
        if action == "back":
            self.waits = ""
            self.desk.say(_NOBODY)
        else:
            go_on(self.desk)

    def matching(self, text: str) -> list[tuple[str, str]]:
        """Those whose code holds what is typed."""
        wanted = text.strip().casefold()
        return [one for one in self.known if wanted in one[0].casefold()]

    def choose(self, code: str) -> None:
        """A code, which then waits for its PIN. Raises UsageError where it may be a name."""
        self._refuse_busy()
        code = check_person_code(code.strip())
        if code == DEMO:
            raise UsageError(f"{DEMO} is the demo's", why="nobody is treated under this code",
                             what_to_do="give the patient's own code")  # fmt: skip
        self.waits = code

    def again(self, code: str) -> None:
        """The same as the last time: the PIN is asked, and after it what the last session was."""
        self.choose(code)
        self._as_before = True

    @property
    def has_pin(self) -> bool:
        """Whether a PIN is on record for the code that waits."""
        return bool(self.waits and remembered(self.bed.state_folder, self.waits).second)

    @property
    def question(self) -> str:
        """What is to be asked of the patient now."""
        if not self.waits:
            return ""
        if self.has_pin:
            return f"Ask the patient for the PIN of {self.waits} (4 digits)."
        before = self.waits in dict(self.known)
        new = f"{self.waits} {'has no PIN yet' if before else 'is new on this computer'}."
        like = [code for code, _ in self.known if _alike(code, self.waits)]
        similar = f" Similar codes: {', '.join(like[:4])}." if like else ""
        wrong = "" if before else " Been here before? Then the code is wrong: go back (Esc)."
        return f"{new}{wrong}{similar} Ask for a 4-digit PIN, such as the year of birth."

    def confirm(self, digits: str) -> None:
        """The PIN as typed, and on. Raises UsageError where it is none, or another patient's:
        nobody is taken then. Without one (simulation only) see `skip`."""
        self._refuse_busy()
        code = self.waits
        if not code:
            raise UsageError(_NOBODY, what_to_do="choose or type a code first")
        check_second(digits, remembered(self.bed.state_folder, code).second)
        self.bed.take_person(code)
        self.bed.confirm_person(digits)
        self._go_on()

    def skip(self) -> None:
        """On without a PIN, or without a patient: enough for a simulation only."""
        self._refuse_busy()
        if self.waits:
            self.bed.take_person(self.waits)
        if self._as_before:
            self._go_on()
        else:
            self.desk.open("connect")
        self.waits = ""
        who = f"{self.bed.person} without a PIN" if self.bed.person else "No patient"
        self.desk.say(f"{who}: enough for a simulated device only.")

    def _go_on(self) -> None:
        self.waits = ""
        go_on(self.desk)
        if self._as_before and parts_of(self.bed.memory):
            self.desk.ask("last-time")

    def _refuse_busy(self) -> None:
        if self.busy:
            raise UsageError("a session is under way", what_to_do="STOP first")


def _alike(one: str, other: str) -> bool:
    """Codes that are easily taken for each other: one begins as the other does."""
    a, b = (code.casefold().translate(_NO_SIGNS) for code in (one, other))
    return one != other and (a.startswith(b) or b.startswith(a))
