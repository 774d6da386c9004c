"""How each role looks: day, night, one for colour-vision deficiency, and one without colour.

Red means exactly one thing, output that is not confirmed to be zero. Everything is also said by a
word, a glyph and a place, so that the mono theme loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from stimctl.errors import UsageError

_ROLES = (
    "text", "dim", "strong", "frame", "title", "on", "off", "wait", "alarm", "notice", "hot",
    "pick", "key", "sim", "refused", "curve",
)  # fmt: skip

_MONO = {
    "dim": "dim", "strong": "bold", "title": "bold", "on": "bold reverse", "wait": "bold",
    "alarm": "bold reverse", "notice": "bold underline", "hot": "bold", "pick": "reverse",
    "key": "bold", "sim": "bold reverse", "refused": "underline",
}  # fmt: skip
_NIGHT = {
    "text": "#d0d0d0", "dim": "#8a8a8a", "strong": "bold #ffffff", "frame": "#5f87af",
    "title": "bold #d7e7ff", "on": "bold #000000 on #ffd75f", "off": "#afd7af",
    "wait": "bold #ffaf5f", "alarm": "bold #ffffff on #af0000", "notice": "bold #87d7ff",
    "hot": "bold #ffffff on #303a4a", "pick": "bold #ffffff on #364a63", "key": "bold #87d7ff",
    "sim": "bold #000000 on #ff8700", "refused": "#ffaf87", "curve": "#87afd7",
}  # fmt: skip
_DAY = {
    "text": "#1c1c1c", "dim": "#6a6a6a", "strong": "bold #000000", "frame": "#33658a",
    "title": "bold #0b3954", "on": "bold #000000 on #ffcf33", "off": "#1d5c2a",
    "wait": "bold #9a4f00", "alarm": "bold #ffffff on #b00000", "notice": "bold #005f87",
    "hot": "bold #000000 on #dce8f2", "pick": "bold #000000 on #c9dcec", "key": "bold #005f87",
    "sim": "bold #000000 on #ff9b33", "refused": "#8a3b12", "curve": "#33658a",
}  # fmt: skip
# Okabe and Ito's palette: black, orange, sky blue, bluish green, yellow, blue, vermilion.
_CVD = {
    "text": "#e0e0e0", "dim": "#9a9a9a", "strong": "bold #ffffff", "frame": "#56b4e9",
    "title": "bold #ffffff", "on": "bold #000000 on #f0e442", "off": "#56b4e9",
    "wait": "bold #e69f00", "alarm": "bold #ffffff on #d55e00", "notice": "bold #56b4e9",
    "hot": "bold #ffffff on #24425c", "pick": "bold #ffffff on #0072b2", "key": "bold #56b4e9",
    "sim": "bold #000000 on #e69f00", "refused": "#e69f00", "curve": "#009e73",
}  # fmt: skip
_GROUND = {"night": "#101418", "day": "#fafaf7", "cvd": "#000000", "mono": "ansi_default"}

THEMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        name: MappingProxyType({role: looks.get(role, "") for role in _ROLES})
        for name, looks in (("night", _NIGHT), ("day", _DAY), ("cvd", _CVD), ("mono", _MONO))
    }
)


def theme_named(name: str) -> Mapping[str, str]:
    """The looks of a theme. Raises UsageError with the names there are."""
    try:
        return THEMES[name]
    except KeyError:
        raise UsageError(
            f"there is no theme {name!r}", what_to_do=f"Choose from {', '.join(THEMES)}"
        ) from None


def ground_of(name: str) -> str:
    """The background of a theme."""
    return _GROUND[name]


def theme_after(name: str) -> str:
    """The next theme in turn."""
    names = list(THEMES)
    return names[(names.index(name) + 1) % len(names)]
