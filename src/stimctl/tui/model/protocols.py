"""Protocols: which there are, what speaks for and against them, and why one is not suitable."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from stimctl.errors import StimctlError, UsageError
from stimctl.records.state_files import read_state, write_state
from stimctl.tui.model.handing import screening_for
from stimctl.tui.model.last_time import last_protocol, placed
from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.planning import Choice, choose, compiled, protocol_names
from stimctl.tui.model.text import safe
from stimctl.tui.model.words import duration_text

if TYPE_CHECKING:
    from stimctl.treatment.lock import Lock
    from stimctl.tui.model.desk import Desk

#: Label and words; a caution has none.
Fact = tuple[str, str]
_FAVOURITES = "favourites.json"
_MARKS = re.compile(r" ?\((?:[A-Z]\d\d|M\+|M\?|R2?|D|calc)(?:,(?:[^()]|\([^()]*\))*)?\)")


class ProtocolsPage(Page):
    """One is picked, and chosen."""

    name = "protocols"
    title = "Protocols"
    actions: ClassVar[tuple[str, ...]] = (
        "choose", "last-time", "search", "favourite", "accept-warning", "move-up", "move-down",
    )  # fmt: skip
    footer = ("choose", "last-time", "search", "favourite")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.picked = ""
        self.searched = ""
        self.favourites: frozenset[str] = frozenset()
        #: The field of the search has the keys.
        self.searching = False
        self._names: list[str] = []
        self._choices: dict[str, Choice | str] = {}
        self._why_not: dict[str, str] = {}

    def opened(self) -> None:
        """Read which there are; those that cannot be chosen stay in the list, with the reason."""
        self._why_not, self.searched, self.searching = {}, "", False
        found = read_state(self.bed.state_folder / _FAVOURITES).get("protocols")
        self.favourites = frozenset(map(str, found)) if isinstance(found, list) else frozenset()
        self._names = protocol_names(self.bed.device)
        chosen = self.bed.choice.name if self.bed.choice else last_protocol(self.bed.memory)
        self.picked = chosen if chosen in self._names else ""
        self.picked = self.picked or next(iter(self.names), "")

    @property
    def names(self) -> list[str]:
        """What the search leaves: favourites first, then by name; what cannot be chosen last."""
        words = self.searched.lower().split()
        there = [one for one in self._names if all(word in self._sought(one) for word in words)]
        key = lambda one: (one not in self.favourites, bool(self.why_not(one)), one)  # noqa: E731
        return sorted(there, key=key)

    @property
    def count(self) -> int:
        """How many there are, whatever is searched."""
        return len(self._names)

    def _sought(self, name: str) -> str:
        choice = self.read(name)
        if isinstance(choice, str):
            return name
        sites = (site for role in choice.protocol.channels for site in role.sites)
        told = (choice.protocol.title, choice.protocol.purpose, *sites)
        return " ".join((name, *told)).lower()

    def offers(self) -> Offers:
        """Choosing: not while output may be on, and not what is blocked."""
        busy = None if self.picked in self.names else "no protocol matches: Esc ends the search"
        if self.bed.output_may_be_on:
            busy = "output may be on: STOP first; a new protocol starts at zero"
        elif self.desk.mode:
            busy = f"this is a {self.desk.mode} view"
        nothing = None if last_protocol(self.bed.memory) else "no earlier session is known"
        return {
            "choose": busy, "last-time": nothing if busy is None or nothing else busy,
            "search": None, "favourite": None, "accept-warning": self._why_no_approval(),
            "move-up": None, "move-down": None,
        }  # fmt: skip

    def act(self, action: str) -> None:
        """Choose, or what leads to it."""
        if action == "choose":
            self.choose(self.picked)
        elif action == "last-time":
            self.desk.overlay = self.desk.pages["last-time"]
            self.desk.overlay.opened()
        elif action == "search":
            self.searching = True
        elif action == "favourite":
            self._favour()
        elif action == "accept-warning":
            self.approve(self.picked)
        else:
            there = self.names
            at = there.index(self.picked) if self.picked in there else 0
            at += 1 if action == "move-down" else -1
            self.picked = there[max(0, min(len(there) - 1, at))] if there else ""

    def pick(self, name: str) -> None:
        """Show this one."""
        self.picked = name

    def search(self, text: str) -> None:
        """Leave only what has all of these words."""
        self.searched = text
        if self.picked not in self.names:
            self.picked = next(iter(self.names), "")

    def _favour(self) -> None:
        self.favourites ^= {self.picked}
        told = {"schema": "stimctl.favourites/1", "protocols": sorted(self.favourites)}
        write_state(self.bed.state_folder / _FAVOURITES, told)

    def _why_no_approval(self) -> str | None:
        if self.bed.output_may_be_on:
            return "output may be on: STOP first"
        return None if self.lock(self.picked) else "it is not locked"

    def lock(self, name: str) -> Lock | None:
        """Its own lock, or that of the shipped protocol that it was made from."""
        from stimctl.records.protocol_permission import permission_of

        choice = self.read(name) if name else ""
        if isinstance(choice, str):
            return None
        if choice.protocol.locked or choice.protocol.parent is None:
            return choice.protocol.locked
        return permission_of(choice.origin, choice.protocol, self.bed.state_folder).lock

    def approve(self, name: str) -> None:
        """The approval that a locked one needs is on file; again takes it back. Raises
        UsageError."""
        from stimctl.session.protocol_locks import approval_of

        choice, lock = self.read(name), self.lock(name)
        if lock is None or isinstance(choice, str):
            raise UsageError(f"{name} is not locked", why="it needs no approval of its own")
        papers, id_ = self.bed.papers, approval_of(choice.protocol)
        papers.approvals ^= {id_}
        self.desk.say(
            f"{name}: the approval of {safe(lock.unlocked_by, 200)} is on file."
            if id_ in papers.approvals else f"{name}: taken back."
        )  # fmt: skip

    def choose(self, name: str) -> None:
        """Take it, with sites and electrodes as last time where that still fits. Raises UsageError
        with why it cannot be chosen here."""
        choice = self.read(name)
        why = choice if isinstance(choice, str) else self.why_not(name)
        if why or isinstance(choice, str):
            raise UsageError(f"{name} is not suitable", why=why)
        if self.bed.choice is None or self.bed.choice.name != name:
            self.bed.plan = None
            self._take(choice)
        self.desk.open("setup")

    def _take(self, choice: Choice) -> None:
        bed = self.bed
        places = bed.memory.places.get(choice.name, ())
        taken = bed.take(placed(choice, places, bed)) or bed.warning or not bed.device
        if places and taken:
            self.desk.say("Copied from last visit: check sites and electrodes.")
        elif not taken:
            bed.take(choice)

    # -- what is told of one -----------------------------------------------------------------

    def read(self, name: str) -> Choice | str:
        """The protocol, or why it cannot be read."""
        if name not in self._choices:
            try:
                self._choices[name] = choose(name)
            except StimctlError as error:
                self._choices[name] = safe(error, 300)
        return self._choices[name]

    def why_not(self, name: str) -> str:
        """Why it cannot be chosen here: the file, the screening for its sites, or the device; ""
        where it can."""
        if name not in self._why_not:
            choice = self.read(name)
            self._why_not[name] = choice if isinstance(choice, str) else self._blocked(choice)
        return self._why_not[name]

    def _blocked(self, choice: Choice) -> str:
        if self.bed.answers:
            blocks = screening_for(choice, self.bed.answers).blocks
            if blocks:
                return f"screening: {blocks[0].text}"
        if not self.bed.device:  # whether it can be made a plan of is known with the device
            return ""
        plan, reason, warning = compiled(choice, self.bed.device)
        return "" if plan or warning else reason

    def facts(self, name: str) -> list[Fact]:
        """What a person should know before choosing it."""
        choice = self.read(name)
        if isinstance(choice, str):
            return [("Cannot be read", choice)]
        return facts_of(choice)


def facts_of(choice: Choice) -> list[Fact]:
    """Aim, stimulus, schedule, electrodes, cautions and evidence of a protocol."""
    protocol = choice.protocol
    evidence, session, aim = protocol.evidence, protocol.session, protocol.channels[0].aim
    against = evidence.recommended_against
    target = aim.target.value.replace("-", " ")
    length = f"{duration_text(protocol.usual_duration_us)} "
    length += f"({duration_text(session.shortest_us)} to "
    length += f"{duration_text(session.longest_us)})"
    least = f"At least {protocol.electrodes.minimum_area_mm2 / 100:g} cm²."
    return [
        *([("Recommended against", plain_words(against))] if against else []),
        *_locked(protocol.locked),
        ("Aim", f"{target.capitalize()}. {plain_words(aim.how or '')}".strip()),
        *((label.capitalize(), words) for label, words in choice.other_unit),
        *_stages(choice),
        *([("Percent", choice.measure.meaning)] if choice.measure.meaning else []),
        ("Session", f"{length}. {plain_words(session.schedule or _schedule(choice))}".strip()),
        ("Electrodes", f"{least} {plain_words(protocol.electrodes.size or '')}".strip()),
        *(("Caution", plain_words(one)) for one in protocol.cautions),
        (f"Evidence {evidence.grade}", plain_words(evidence.lines[0])),
    ]


def _stages(choice: Choice) -> list[Fact]:
    """Each stage, and what each role does in it."""
    found: list[Fact] = []
    for line in choice.stages:
        head, _, does = line.strip().partition(": ")
        found.append((head.capitalize(), does))
    return found


def _locked(lock: Lock | None) -> list[Fact]:
    if lock is None:
        return []
    needs = " ".join(plain_words(one) for one in lock.needs)
    words = f"{plain_words(lock.reason)} Needed: {needs} Approved by: {lock.unlocked_by}"
    return [("L: locked on hardware", words), ("Approval on file", "press w")]


def plain_words(text: str) -> str:
    """Words of a protocol file without the marks that are for who checks it."""
    return safe(_MARKS.sub("", text), 400)


def _schedule(choice: Choice) -> str:
    session = choice.protocol.session
    often = f"{session.sessions_per_week} a week" if session.sessions_per_week else ""
    weeks = f"for {session.weeks} weeks" if session.weeks else ""
    return f"{often} {weeks}".strip()
