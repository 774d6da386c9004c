"""The names of the themes, without what draws them."""

from __future__ import annotations

from stimctl.errors import UsageError

THEME_NAMES = ("night", "day", "cvd", "mono")


def check_theme(name: str) -> str:
    """One of ours, or of Textual's own. Raises UsageError with the names there are."""
    if name in THEME_NAMES:
        return name
    from textual.theme import BUILTIN_THEMES

    if name in BUILTIN_THEMES:
        return name
    known = ", ".join((*THEME_NAMES, *sorted(BUILTIN_THEMES)))
    raise UsageError(f"there is no theme {name!r}", what_to_do=f"Choose from {known}")


def theme_after(name: str) -> str:
    """The next of ours in turn."""
    at = THEME_NAMES.index(name) if name in THEME_NAMES else -1
    return THEME_NAMES[(at + 1) % len(THEME_NAMES)]
