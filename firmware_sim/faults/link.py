"""The line between host and twin: two directions of bytes under way, and what disturbs them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .effects import Effect, Portion
from .model import TO_DEVICE, TO_HOST


class Lane:
    """One direction: bytes under way, in order, after all its effects."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self._under_way: deque[Portion] = deque()
        self.open = True
        self.lost = 0  # bytes that found no plug

    @property
    def idle(self) -> bool:
        """Whether nothing is under way and nothing disturbs."""
        return not self.effects and not self._under_way

    def send(self, at_us: int, data: bytes) -> None:
        """Put bytes on the line."""
        if self.open:
            self._pass(at_us, data, self.effects)
        else:
            self.lost += len(data)

    def inject(self, at_us: int, data: bytes) -> None:
        """Let bytes appear at the end of the line that nobody sent."""
        self._pass(at_us, data, [])

    def remove(self, at_us: int, effect: Effect) -> None:
        """End an effect; what it held goes on through those behind it."""
        index = self.effects.index(effect)
        behind = self.effects[index + 1 :]
        del self.effects[index]
        if held := effect.flush():
            self._pass(at_us, held, behind)

    def clear(self) -> None:
        """Lose what is under way."""
        self.lost += sum(len(data) for _, data in self._under_way)
        self._under_way.clear()

    def next_us(self) -> int | None:
        """Return when something arrives."""
        return self._under_way[0][0] if self._under_way else None

    def arrived(self, now_us: int) -> list[bytes]:
        """Return what has arrived by now, in portions."""
        portions = []
        while self._under_way and self._under_way[0][0] <= now_us:
            portions.append(self._under_way.popleft()[1])
        return portions

    def _pass(self, at_us: int, data: bytes, effects: list[Effect]) -> None:
        portions: list[Portion] = [(at_us, data)]
        for effect in tuple(effects):
            portions = [out for portion in portions for out in effect.feed(portion)]
        for when, part in portions:
            if part and self.open:
                last_us = self._under_way[-1][0] if self._under_way else 0
                self._under_way.append((max(when, last_us), part))


class Link:
    """Both directions, and the plug.

    place: how often the port has come back under another name; reading matters to a real line,
    which would otherwise buffer what nobody reads.
    """

    def __init__(self) -> None:
        self.to_device = Lane()
        self.to_host = Lane()
        self.place = 0
        # Counted, because faults may overlap.
        self._pulled = 0
        self._stalls: list[Callable[[int], None]] = []

    @property
    def plugged(self) -> bool:
        """Whether the port is there."""
        return not self._pulled

    @property
    def reading(self) -> bool:
        """Whether the device takes bytes."""
        return not self._stalls

    def stall(self, count: Callable[[int], None]) -> None:
        """Take no bytes until go_on with the same; `count` is told how many had to wait."""
        self._stalls.append(count)

    def go_on(self, count: Callable[[int], None]) -> None:
        """Take bytes again, if nothing else forbids it."""
        self._stalls.remove(count)

    def waited(self, number: int) -> None:
        """So many bytes of the host had to wait, because they were not taken."""
        for count in self._stalls:
            count(number)

    @property
    def idle(self) -> bool:
        """Whether bytes pass as if it were not there."""
        return self.plugged and self.to_device.idle and self.to_host.idle

    def lanes(self, direction: int) -> list[Lane]:
        """Return the directions that are meant by the sum."""
        both = ((TO_DEVICE, self.to_device), (TO_HOST, self.to_host))
        return [lane for bit, lane in both if direction & bit]

    def unplug(self) -> None:
        """Lose what is under way, and everything from now on."""
        self._pulled += 1
        self._open()

    def plug_in(self, *, elsewhere: bool) -> None:
        """Be there again, perhaps under another name."""
        self._pulled -= 1
        self.place += elsewhere
        self._open()

    def next_us(self) -> int | None:
        """Return when something arrives at either end."""
        times = (self.to_device.next_us(), self.to_host.next_us())
        return min((at_us for at_us in times if at_us is not None), default=None)

    def _open(self) -> None:
        for lane in (self.to_device, self.to_host):
            lane.clear()
            lane.open = self.plugged
