"""How the UI begins: the first-run choice, the demo, watching, or a replay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk
    from stimctl.tui.model.opening import Wishes


def open_mode(desk: Desk, wishes: Wishes) -> None:
    """Put the first screen up; what takes time follows the first paint. UsageError for an input
    whose source is none."""
    told = [desk.bed.sources.bind(text) for text in wishes.inputs]
    if told:
        desk.say("; ".join(told))  # a sender has to know its port and token
    if wishes.replay:
        from stimctl.tui.model.replay import open_replay

        open_replay(desk, wishes.replay, wishes.speed)
    elif wishes.watch is not None:
        from stimctl.tui.model.watching import open_watch

        open_watch(desk, wishes.watch)
    elif wishes.manual is not None:
        from stimctl.tui.model.manual import begin_manual

        begin_manual(desk, wishes.manual)
    elif wishes.demo:
        desk.first = lambda: begin_demo(desk)
    else:
        desk.first = desk.page.opened


def begin_demo(desk: Desk) -> None:
    """A twin, a code, and a protocol: everything of a session but the person."""
    from stimctl.supervisor.device_names import EXAMPLE
    from stimctl.tui.model.persons import DEMO
    from stimctl.tui.model.planning import choose

    desk.bed.take_person(DEMO)
    desk.bed.connect(f"sim:{EXAMPLE}")
    # Nobody is at the electrodes of a twin: what was raised in another demo bounds nothing.
    desk.bed.take(replace(choose("tens-conventional"), acknowledged=frozenset({"H18"})))
    desk.open("protocols")
