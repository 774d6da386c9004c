"""Textual without what no test looks at: half the time of the tests of the screens.

A style sheet is parsed once a process, not twice an app. A screen of an app without a terminal is
drawn when it has come to rest, and not each time that a widget of it has changed.
"""

from __future__ import annotations

from typing import Any

from textual._compositor import Compositor
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.screen import Screen

_parse, _render = Stylesheet._parse_rules, Compositor.render_update
_parsed: dict[tuple[Any, ...], list[RuleSet]] = {}


def make_cheap() -> None:
    """From now on, in this process."""
    Stylesheet._parse_rules = _parsed_once  # type: ignore[assignment, method-assign]
    Compositor.render_update = _drawn  # type: ignore[assignment, method-assign]


def _parsed_once(sheet: Stylesheet, css: str, *given: Any, **named: Any) -> list[RuleSet]:
    """Rules are only read once they are parsed; the variables are part of the key."""
    key = (css, given, *sorted(named.items()), *sheet._variables.items())
    if key not in _parsed:
        _parsed[key] = _parse(sheet, css, *given, **named)
    return _parsed[key]


def draw(screen: Screen[Any]) -> None:
    """What has changed since it was drawn last."""
    _render(screen._compositor, screen_stack=screen.app._background_screens)


def _drawn(compositor: Compositor, *given: Any, **named: Any) -> Any:
    """None is nothing new for the terminal. A whole drawing is a picture that was asked for."""
    waits = getattr(getattr(compositor.root, "app", None), "is_drawn_when_told", False)
    return None if waits and not named.get("full") else _render(compositor, *given, **named)
