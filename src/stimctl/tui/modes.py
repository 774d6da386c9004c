"""How the UI begins: the first-run choice, the demo, watching, or a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stimctl.tui.desk import Desk
    from stimctl.tui.program import Wishes


def open_mode(desk: Desk, wishes: Wishes) -> None:
    """Put the first screen up; what takes time follows the first paint."""
    if wishes.replay:
        from stimctl.tui.replay import open_replay

        open_replay(desk, wishes.replay, wishes.speed)
    elif wishes.watch is not None:
        from stimctl.tui.watching import open_watch

        open_watch(desk, wishes.watch)
    elif wishes.demo:
        desk.first = desk.begin_demo
