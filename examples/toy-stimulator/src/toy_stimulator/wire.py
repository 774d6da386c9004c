"""The wire of the toy: text lines with a number and a CRC. On the stop path.

> host   NN WORD ...*CCCC\n
< toy    NN ok ...*CCCC\n      NN is the number of the question

who                           ok toy SERIAL FIRMWARE
on A1 W1 P1 A2 W2 P2          ok            uA, us, us of each channel; 0 0 0 is off; feeds
off                           ok            ends all output
say                           ok MASK       which channels are on; feeds the watchdog
ask                           ok MASK       the same, and feeds nothing
"""

from binascii import crc_hqx

LONGEST = 80


def line(number: int, words: str) -> bytes:
    """One line of either side."""
    text = f"{number:02x} {words}".encode()
    return text + f"*{crc_hqx(text, 0xFFFF):04x}\n".encode()


def read(data: bytes) -> tuple[int, list[str]] | None:
    """Number and words of one line without its end; None where it is damaged."""
    text, _, crc = data.rpartition(b"*")
    try:
        if crc != f"{crc_hqx(text, 0xFFFF):04x}".encode():
            return None
        number, *words = text.decode("ascii").split(" ")
        return (int(number, 16), words) if len(number) == 2 and words else None
    except ValueError:
        return None


class Lines:
    """Finds lines in bytes that come in any portions; damaged ones are None."""

    def __init__(self) -> None:
        self._partial = b""

    def feed(self, data: bytes) -> list[tuple[int, list[str]] | None]:
        """Every line that these bytes complete."""
        *whole, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > LONGEST:
            self._partial = b""
            return [*map(read, whole), None]
        return [read(one) for one in whole]

    def drop(self) -> None:
        """Forget half a line."""
        self._partial = b""
