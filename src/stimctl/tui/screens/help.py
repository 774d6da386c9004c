"""The keys that work now, and a list of every action that starts no output; both from the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.tui.model.actions import ACTION_BY_ID, MENU, Group, key_name
from stimctl.tui.model.page import ListPage, Offers, Page
from stimctl.tui.model.text import Line, line

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk


def offered_behind(desk: Desk) -> dict[str, str | None]:
    """What the screen behind an overlay offers."""
    overlay, desk.overlay = desk.overlay, None
    try:
        return desk.offers()
    finally:
        desk.overlay = overlay


class HelpPage(Page):
    """Any key closes it; STOP stops."""

    name = "help"
    title = "KEYS"
    footer = ("back",)
    has_menu = False

    def offers(self) -> Offers:
        """Nothing: every key closes it."""
        return {"help": None}

    def act(self, action: str) -> None:  # noqa: ARG002
        """Close."""
        self.desk.overlay = None

    def body(self, width: int, height: int) -> list[Line]:
        """STOP, down, up, other."""
        offered = offered_behind(self.desk)
        lines: list[Line] = []
        for group in Group:
            ids = [one for one in offered if ACTION_BY_ID[one].group is group]
            if group is Group.STOP:
                keys = " ".join(key_name(one) for one in sorted(self.desk.keymap.stop_keys))
                lines.append(line((f"STOP  {keys}", "strong")))
                continue
            lines += [line((group.value, "title"))] if ids else []
            for one in ids:
                lines.append(self._row(one, offered.get(one), width))
        if len(lines) > height - 1:  # two columns say the same in half the height
            half = -(-len(lines) // 2)
            lines = [
                (*line(*a, " " * max(0, width // 2 - sum(len(s.text) for s in a))), *b)
                for a, b in zip(lines[:half], [*lines[half:], ()], strict=False)
            ]
        return lines[:height]

    def _row(self, action: str, why: str | None, width: int) -> Line:
        keys = " ".join(key_name(key) for key in self.desk.keymap.keys_of(action))
        told = ACTION_BY_ID[action]
        label = self.desk.page.labels.get(action, told.label)
        text = f"  {keys:<13.13} {label}"
        if why:
            return line((f"{text} (not now)"[: width // 2 - 1], "dim"))
        return line((text[: width // 2 - 1], "text"))


class PalettePage(ListPage):
    """Every action that leads to no output."""

    name = "palette"
    title = "FIND"
    footer = ("choose",)
    has_menu = False

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._filter = ""

    def opened(self) -> None:
        """From the top."""
        self._filter, self.picked = "", 0

    @property
    def takes_text(self) -> bool:
        """Letters narrow the list, at zero only."""
        return not self.bed.live.busy

    def typed(self, key: str, character: str | None) -> None:
        """Narrow."""
        if key in ("backspace", "delete"):
            self._filter = self._filter[:-1]
        elif character:
            self._filter = (self._filter + character.lower())[:20]
        self.picked = 0

    def _offered(self) -> dict[str, str | None]:
        """Every screen, and what the one behind offers."""
        offered = offered_behind(self.desk)
        return {**{name: offered.get(name) for name in MENU}, **offered}

    def _ids(self) -> list[str]:
        offered = self._offered()
        return [
            one for one in offered
            if not ACTION_BY_ID[one].raises and one not in ("palette", "choose", "stop")
            and self._filter in f"{ACTION_BY_ID[one].label} {ACTION_BY_ID[one].help}".lower()
        ]  # fmt: skip

    def count(self) -> int:
        """What is left."""
        return len(self._ids())

    def chosen(self) -> None:
        """Do it, on the screen behind."""
        action = self._ids()[self.picked]
        why = self._offered()[action]
        self.desk.overlay = None
        if why:
            self.desk.say(f"refused {ACTION_BY_ID[action].label}: {why}")
        else:
            self.desk.act(action)

    def body(self, width: int, height: int) -> list[Line]:
        """Filter and list."""
        offered = self._offered()
        rows = []
        for one in self._ids():
            why, told = offered[one], ACTION_BY_ID[one]
            role = "dim" if why else "text"
            rows.append(line((f"{told.label:<18}", role), ((why or told.help)[: width - 22], role)))
        field = (
            f"find: {self._filter}_"
            if self.takes_text
            else "k j Enter (no typing while busy; ↓ lowers)"
        )
        return [line((field, "key")), *self.rows(rows, height - 1)]
