"""What the stop path says to a toy, and how it knows that the output is zero. On the stop path."""

from toy_stimulator.wire import Lines, line


class ToyStop:
    """A stop in every round, and a question after it: zero is what an answer to it says.

    The newline at the beginning ends half a line of another program.
    """

    def __init__(self, seed: int = 0) -> None:
        self._number = seed % 128 * 2
        self._lines = Lines()
        self._stops: set[int] = set()
        self._asked: set[int] = set()
        self._stopped = False

    def next_bytes(self) -> bytes:
        """The next round."""
        number = self._number
        self._number = (number + 2) % 256
        self._stops.add(number)
        self._asked.add(number + 1)
        return b"\n" + line(number, "off") + line(number + 1, "ask")

    def receive(self, data: bytes) -> bool:
        """Take what arrived; True once zero is verified."""
        for found in self._lines.feed(data):
            if found is None:
                continue
            number, words = found
            if number in self._stops and words == ["ok"]:
                self._stopped = True
            elif self._stopped and number in self._asked:
                if words == ["ok", "0"]:
                    return True
                self._stopped = False
        return False
