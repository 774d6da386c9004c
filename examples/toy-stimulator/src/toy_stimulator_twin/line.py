"""The lines of the toy, written from its description and not from its driver."""

from __future__ import annotations

from binascii import crc_hqx

from firmware_sim.firmware.wire import HEAD, Wire

WIRE = Wire(
    body_at=0,
    checksum_at=1,
    command=lambda _first, _second: 0,
    length=lambda _head: 2 * HEAD,  # nobody knows before its end
    stops=frozenset(),
    other=lambda chance, _command: written(chance.randrange(256), "ask"),
    text=True,
    stop_begins=b"\n",
    lacks={"wrong-crc": "a line of text is damaged as a whole"},
)


def written(number: int, words: str) -> bytes:
    """A line with its sum."""
    said = f"{number:02x} {words}"
    return f"{said}*{crc_hqx(said.encode('ascii'), 0xFFFF):04x}\n".encode("ascii")


def understood(raw: bytes) -> tuple[int, list[str]] | None:
    """Number and words of a line; None where its sum is wrong."""
    said, star, total = raw.rpartition(b"*")
    if not star or total != b"%04x" % crc_hqx(said, 0xFFFF):
        return None
    try:
        words = said.decode("ascii").split(" ")
        return int(words[0], 16), words[1:]
    except ValueError:
        return None


class Ear:
    """Takes bytes, gives lines; what is not understood is left out."""

    def __init__(self) -> None:
        self.half = b""

    def feed(self, data: bytes) -> list[tuple[int, list[str]]]:
        """The lines that these bytes complete."""
        *lines, self.half = (self.half + data)[-4096:].split(b"\n")
        return [found for found in map(understood, lines) if found is not None and found[1]]


def wanted_of(words: list[str]) -> dict[int, tuple[int, int, int]] | None:
    """By channel amplitude (uA), width and period (us) of an `on`; None where it is malformed."""
    if len(words) != 7 or not all(one.isascii() and one.isdigit() for one in words[1:]):
        return None
    numbers = [int(one) for one in words[1:]]
    found = {}
    for channel in (1, 2):
        amplitude, width, period = numbers[3 * channel - 3 : 3 * channel]
        if not period:
            continue
        if amplitude > 60_000 or not 50 <= width <= 500 or not 5_000 <= period <= 1_000_000:
            return None
        found[channel] = (amplitude, width, period)
    return found
