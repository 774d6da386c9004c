"""The keys of the screen behind: STOP first, then what lowers; why each does nothing now."""

from __future__ import annotations

from stimctl.tui.model.actions import ACTION_BY_ID, MENU, Group, key_name
from stimctl.tui.model.page import Offers, Page

_NUMBERED = ("channel-", "answer-")
_EVERYWHERE = "works on every screen while output is on"


class HelpPage(Page):
    """Any key that means nothing here closes it; STOP stops."""

    name = "help"
    title = "Keys"
    actions = ("help", "back", "scroll-up", "scroll-down")
    footer = ("back", "scroll-down")
    has_menu = False

    def offers(self) -> Offers:
        """The same key closes it. The screen moves the list."""
        return {"help": None, "back": None, "scroll-up": None, "scroll-down": None}

    def act(self, action: str) -> None:
        """Close."""
        if action in ("help", "back"):
            self.desk.overlay = None

    def rows(self) -> list[tuple[str, str, str]]:
        """Keys, what they do, and what there is to say of that now; what works now goes first."""
        offered = self.desk.offers(self.desk.page)
        stop = "  ".join(key_name(one) for one in sorted(self.desk.keymap.stop_keys, key=_order))
        found = [(stop, "STOP", ACTION_BY_ID["stop"].help)]
        for group in (Group.DOWN, Group.UP, Group.OTHER):
            ids = [one for one in offered if ACTION_BY_ID[one].group is group]
            found += self._group(sorted(ids, key=lambda one: bool(offered[one])), offered)
        return found

    def _group(self, ids: list[str], offered: Offers) -> list[tuple[str, str, str]]:
        rows = [
            self._row(one, offered[one])
            for one in ids
            if one not in MENU and not one.startswith(_NUMBERED)
        ]
        for kind in _NUMBERED:
            there = [one for one in ids if one.startswith(kind) and not offered[one]]
            if there:
                first, last = (self.desk.keymap.name_of(one) for one in (there[0], there[-1]))
                keys = first if first == last else f"{first} to {last}"
                rows.insert(0, (keys, f"{kind.rstrip('-')}s", "one key for each"))
        menu = [f"{self.desk.keymap.name_of(one)} {ACTION_BY_ID[one].label}"
                for one in MENU if one in ids]  # fmt: skip
        return [*rows, ("1 to 9", "screens", ", ".join(menu))] if menu else rows

    def _row(self, action: str, why: str | None) -> tuple[str, str, str]:
        told = ACTION_BY_ID[action]
        keys = "  ".join(key_name(key) for key in self.desk.keymap.keys_of(action))
        label = self.desk.page.labels.get(action, told.label)
        return keys, label, f"not now: {why}" if why else told.help


def _order(key: str) -> tuple[int, str]:
    return key != "space", key
