"""The words of `--plain` for what hardware needs: the same papers as on the screens, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stimctl.errors import UsageError
from stimctl.tui.model.precheck import PrecheckPage
from stimctl.tui.model.rehearsing import rehearse
from stimctl.tui.model.statement import WORD, StatementPage
from stimctl.tui.plain.command import Command, one_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stimctl.tui.model.adjust import AdjustPage
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.protocols import ProtocolsPage


def _person(desk: Desk, rest: list[str]) -> str:
    if len(rest) not in (1, 2):
        raise UsageError("a code is needed", what_to_do="for example: person K-17 1961")
    code, *second = rest
    if second:
        from stimctl.tui.model.papers import check_second
        from stimctl.tui.model.persons import remembered

        check_second(second[0], remembered(desk.bed.state_folder, code).second)
    desk.bed.take_person(code)
    if second:
        desk.bed.confirm_person(second[0])
        return f"person {code}, confirmed by a second identifier"
    return f"person {code}; without the four digits that the person tells, enough for a twin only"


def _statement(desk: Desk, rest: list[str]) -> str:
    from stimctl.records.approvals import STATEMENT

    if rest == ["accept"]:
        page = desk.pages["statement"]
        assert isinstance(page, StatementPage)
        page.accept(WORD)
        return ""
    return f"{STATEMENT} Type: statement accept"


def _precheck(desk: Desk) -> PrecheckPage:
    page = desk.pages["precheck"]
    assert isinstance(page, PrecheckPage)
    return page


def _screen(desk: Desk, rest: list[str]) -> str:
    """`screen` alone reads the next open question; `screen no` answers it."""
    page = _precheck(desk)
    if rest == ["unchanged"]:
        why = page.offers()["unchanged"]
        if why:
            raise UsageError("not unchanged", why=why)
        page.act("unchanged")
        return _next_question(page)
    words = [word.lower() for word in rest]
    if words:
        id_ = words[0].upper() if len(words) == 2 else page.first_unanswered()
        if words[-1] not in ("yes", "no") or not page.has(id_):
            raise UsageError("unrecognised answer", what_to_do="screen no, or screen C13 yes")
        page.picked = id_
        page.act(words[-1])
    return _next_question(page)


def _next_question(page: PrecheckPage) -> str:
    open_ = page.first_unanswered()
    if open_:
        return f"{open_}: {page.question(open_).text}? Type: screen yes, or screen no"
    return " ".join(page.verdict())


def _read(desk: Desk, rest: list[str]) -> str:
    from stimctl.session.protocol_locks import approval_of

    id_ = one_of(rest, "id, for example C13").upper()
    choice = desk.bed.choice
    if choice is not None and id_ == approval_of(choice.protocol):
        protocols: ProtocolsPage = desk.pages["protocols"]
        protocols.approve(choice.name)
        return ""
    _precheck(desk).accept(id_)
    return ""


def _told(desk: Desk, _rest: list[str]) -> str:
    _precheck(desk).instruct()
    return ""


def _does(action: str) -> Callable[[Desk, list[str]], str]:
    """What a word of the set-up does: the action of that page."""

    def do(desk: Desk, _rest: list[str]) -> str:
        why = desk.pages["setup"].offers().get(action)
        if why:
            raise UsageError(f"{action} refused", why=why)
        desk.pages["setup"].act(action)
        return ""

    return do


def _side(desk: Desk, rest: list[str]) -> str:
    choice = desk.bed.choice
    there = desk.bed.papers.confirm_side(one_of(rest, "side"), choice.seats if choice else ())
    return "confirmed: " + ", ".join(f"channel {seat.channel} {seat.site}" for seat in there)


def _electrodes(desk: Desk, rest: list[str]) -> str:
    from stimctl.supervisor.preparation import electrodes_of

    named = electrodes_of("=".join(rest))
    desk.bed.papers.electrodes |= named
    return "".join(f"channel {channel}: electrodes {name}" for channel, name in named.items())


def _rehearse(desk: Desk, _rest: list[str]) -> str:
    rehearse(desk)
    return ""


def _confirm(desk: Desk, rest: list[str]) -> str:
    page: AdjustPage = desk.pages["adjust"]
    page.confirm(one_of(rest, "four characters of the simulation"))
    return ""


GATE_COMMANDS: Mapping[str, Command] = {
    "person": Command("person CODE DIGITS: whose session, by a pseudonym and what the person "
                      "tells", do=_person, at_zero=True),
    "statement": Command("statement accept: what is accepted once before hardware",
                         do=_statement, at_zero=True),
    "screen": Command("the next contraindication; screen no, screen yes, screen unchanged",
                      do=_screen, at_zero=True),
    "read": Command("read ID: a caution is read, or an approval is on file; of a locked protocol, "
                    "ID is its name",
                    do=_read, at_zero=True),
    "instructed": Command("the person knows how to stop", do=_told, at_zero=True),
    "side": Command("side left, or side right: where the pads are on the person",
                    do=_side, at_zero=True),
    "pads-spaced": Command("electrode spacing confirmed: one electrode width",
                           do=_does("pads-spaced"), at_zero=True),
    "mains-isolated": Command("no mains: unit on its battery or a medical device, this computer "
                              "on its battery", do=_does("mains-isolated"), at_zero=True),
    "electrodes": Command("electrodes CHANNEL NAME: as they are kept, for example 1 E-12",
                          do=_electrodes, at_zero=True),
    "new-electrodes": Command("these electrodes are used for the first time",
                              do=_does("new-electrodes"), at_zero=True),
    "cautions-read": Command("the cautions of this treatment are read", do=_does("cautions"),
                             at_zero=True),
    "rehearse": Command("try these settings on a simulated device, as real ones demand",
                        do=_rehearse, at_zero=True),
    "confirm": Command("confirm XXXX: the four characters of the simulation", do=_confirm,
                       at_zero=True),
}  # fmt: skip
