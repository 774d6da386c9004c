"""How it looks: night, day, one for colour-vision deficiency, and one without colour.

Red means exactly one thing, output that is not confirmed to be zero. Everything is also said by a
word, a glyph and a place, so that the mono theme loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from textual.theme import BUILTIN_THEMES, Theme

from stimctl.tui.widgets.variables import widget_variables

#: Colours of ours that a theme of Textual's does not have.
_DARK = {
    "on": "#ffd75f", "on-text": "#000000", "off": "#afd7af", "wait": "#ffaf5f",
    "unknown": "#af0000", "unknown-text": "#ffffff", "sim": "#ff8700", "sim-text": "#000000",
    "stop": "#ffd75f", "stop-text": "#000000", "quiet": "#9aa4ae", "refused": "#ffbf9f",
}  # fmt: skip
_LIGHT = {
    **_DARK, "on": "#ffcf33", "off": "#1d5c2a", "wait": "#8a4600", "unknown": "#b00000",
    "sim": "#ff9b33", "stop": "#ffcf33", "quiet": "#595f66", "refused": "#8a3b12",
}  # fmt: skip
# Okabe and Ito's palette: black, orange, sky blue, bluish green, yellow, blue, vermilion.
_CVD = {
    **_DARK, "on": "#f0e442", "off": "#56b4e9", "wait": "#e69f00", "unknown": "#d55e00",
    "unknown-text": "#000000", "sim": "#e69f00", "stop": "#f0e442", "quiet": "#a8a8a8",
    "refused": "#e69f00",
}  # fmt: skip
_MONO = {
    "on": "#ffffff", "on-text": "#000000", "off": "#ffffff", "wait": "#ffffff",
    "unknown": "#ffffff", "unknown-text": "#000000", "sim": "#ffffff", "sim-text": "#000000",
    "stop": "#ffffff", "stop-text": "#000000", "quiet": "#b0b0b0", "refused": "#ffffff",
}  # fmt: skip


def _variables(own: Mapping[str, str], *, dark: bool) -> dict[str, str]:
    return {**widget_variables(dark=dark), **own}


def _greys() -> dict[str, str]:
    """The eight channels without colour: each has its number and its own line."""
    return {f"channel-{number}": "#ffffff" for number in range(1, 9)}


THEMES: Mapping[str, Theme] = MappingProxyType(
    {
        one.name: one
        for one in (
            Theme(
                "night", primary="#87c7ef", secondary="#5f87af", accent="#87d7ff",
                foreground="#e4e6e8", background="#101418", surface="#171d23", panel="#212a33",
                success="#afd7af", warning="#ffaf5f", error="#ff8f8f",
                variables=_variables(_DARK, dark=True),
            ),
            Theme(
                "day", primary="#0b5080", secondary="#33658a", accent="#005f87",
                foreground="#16181a", background="#fafaf7", surface="#f0f0eb", panel="#e2e5e6",
                success="#1d5c2a", warning="#8a4600", error="#a00000", dark=False,
                variables=_variables(_LIGHT, dark=False),
            ),
            Theme(
                "cvd", primary="#56b4e9", secondary="#0072b2", accent="#56b4e9",
                foreground="#f2f2f2", background="#000000", surface="#0d0d0d", panel="#1c1c1c",
                success="#56b4e9", warning="#e69f00", error="#ff8a3d",
                variables=_variables(_CVD, dark=True),
            ),
            Theme(
                "mono", primary="#ffffff", secondary="#b0b0b0", accent="#ffffff",
                foreground="#ffffff", background="#000000", surface="#000000", panel="#1c1c1c",
                success="#ffffff", warning="#ffffff", error="#ffffff",
                variables={**_variables(_MONO, dark=True), **_greys()},
            ),
        )
    }
)  # fmt: skip


def own_variables(name: str) -> dict[str, str]:
    """The colours of ours for a theme of Textual's own."""
    theme = BUILTIN_THEMES.get(name)
    dark = theme is None or theme.dark
    return _variables(_DARK if dark else _LIGHT, dark=dark)
