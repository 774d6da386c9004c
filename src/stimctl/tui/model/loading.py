"""Gives the supervisor what was chosen, and holds what it makes of it against the screen's plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stimctl.errors import IntegrityError
from stimctl.quantity import format_area, format_duration, format_permille
from stimctl.tui.model.live import Row
from stimctl.tui.model.seats import WHOLE

if TYPE_CHECKING:
    from stimctl.tui.model.client import Client
    from stimctl.tui.model.planning import Choice


def loading(client: Client, choice: Choice, digest: str, state: Path) -> Callable[[], Row]:
    """The work for a job. It raises IntegrityError where the two plans differ."""

    def work() -> Row:
        path, sha256 = choice.file(state)
        client.ask("load", path=str(path), sha256=sha256)
        for layer, file in choice.limit_files:
            client.ask("limits", layer=layer, path=str(file.path.resolve()), sha256=file.sha256)
        for seat in choice.seats:
            level, area = seat.measure.short(seat.ceiling_level), format_area(seat.area_mm2)
            at: dict[str, Any] = {"site": seat.site} if seat.site is not None else {}
            if seat.contact_permille != WHOLE:
                at["contact"] = format_permille(seat.contact_permille)
            client.ask("channel", channel=seat.channel, level=level, area=area, **at)
        acknowledged = " ".join(sorted(choice.acknowledged))
        duration = format_duration(choice.duration_us)
        chosen: dict[str, Any] = {"profile": choice.profile} if choice.profile != "clinic" else {}
        client.ask("options", duration=duration, acknowledge=acknowledged, **chosen)
        told = client.ask("compile")
        if told["digest"] != digest:
            raise IntegrityError(
                "the supervisor has compiled another plan than the one on the screen",
                why="a file or the environment has changed in between",
                what_to_do="choose the protocol again",
            )
        return told

    return work
