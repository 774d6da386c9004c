"""The theme variables of the widgets, for every theme that does not define them."""

from __future__ import annotations

CHANNELS = 8

# Told apart by their brightness too, as far as eight can be; each has its number beside it.
_ON_DARK = (
    "#7cc8ff", "#ffd166", "#8ce99a", "#ffa8d8", "#ffb27a", "#c9b6ff", "#f1f3f5", "#63e6be",
)  # fmt: skip
_ON_LIGHT = (
    "#0b5394", "#7a4b00", "#1b6b2f", "#9c1f6b", "#a03c00", "#5a3ea6", "#343a40", "#00695c",
)  # fmt: skip


def widget_variables(*, dark: bool) -> dict[str, str]:
    """Colours that `widgets.tcss` names and Textual does not know, by the theme's ground."""
    channels = _ON_DARK if dark else _ON_LIGHT
    return {
        **{f"channel-{number}": colour for number, colour in enumerate(channels, 1)},
        "alarm-high": "#d00000",
        "alarm-medium": "#ffd60a",
        "alarm-low": "#4cc9f0",
    }
