"""What a disturbed line does to passing bytes, one class per disturbance.

An effect takes a portion of bytes of one direction with its time, and gives portions with theirs,
never earlier. Its outcome does not depend on how the bytes were cut into portions.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping

from .frames import CommandReader, tracker_of
from .wires import HEAD, Wire

Portion = tuple[int, bytes]
Parameters = Mapping[str, int]

#: A held line keeps so much, as the buffers of an operating system do; the rest is lost.
HELD_BYTES = 65_536
_BITS_PER_BYTE = 11  # 8 data bits, start, two stop bits


class Effect:
    """Passes everything on; `changed` counts the bytes, or frames, that it altered or delayed."""

    def __init__(self, parameters: Parameters, rng: random.Random) -> None:
        self.parameters = parameters
        self.rng = rng
        self.changed = 0

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Take bytes; give what arrives and when."""
        yield portion

    def flush(self) -> bytes:
        """Return what was held when the fault ends."""
        return b""


class FrameEffect(Effect):
    """Base of the effects that treat frames as a whole, those of a wire."""

    def __init__(self, parameters: Parameters, rng: random.Random, wire: Wire) -> None:
        super().__init__(parameters, rng)
        self.wire = wire
        self.tracker = tracker_of(wire)


class Mute(Effect):
    """Everything is lost."""

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Lose the bytes."""
        self.changed += len(portion[1])
        yield from ()


class Hold(Effect):
    """Everything waits until the fault ends."""

    def __init__(self, parameters: Parameters, rng: random.Random) -> None:
        super().__init__(parameters, rng)
        self._held = bytearray()

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Keep the bytes."""
        _, data = portion
        self.changed += len(data)
        self._held += data[: HELD_BYTES - len(self._held)]
        yield from ()

    def flush(self) -> bytes:
        """Return what has waited."""
        held = bytes(self._held)
        self._held.clear()
        return held


class Slow(Effect):
    """Bytes take the time of a slower line."""

    def __init__(self, parameters: Parameters, rng: random.Random) -> None:
        super().__init__(parameters, rng)
        self._byte_us = _BITS_PER_BYTE * 1_000_000 // parameters["baud"]
        self._free_us = 0

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Send one byte after the other."""
        at_us, data = portion
        self.changed += len(data)
        for index in range(len(data)):
            self._free_us = max(self._free_us, at_us) + self._byte_us
            yield self._free_us, data[index : index + 1]


class Latency(Effect):
    """Everything comes later by the same time."""

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Delay the bytes."""
        at_us, data = portion
        self.changed += len(data)
        yield at_us + self.parameters["delay_us"], data


class Jitter(FrameEffect):
    """Each frame comes later by another time; the order stays."""

    _delay_us = 0

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Delay each frame."""
        at_us, data = portion
        for piece in self.tracker.feed(data):
            if piece.begins:
                self._delay_us = self.rng.randint(0, self.parameters["most_us"])
                self.changed += 1
            yield at_us + self._delay_us, piece.data


class Drop(FrameEffect):
    """Frames are lost, each with a probability."""

    _losing = False

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Lose some frames."""
        at_us, data = portion
        for piece in self.tracker.feed(data):
            if piece.begins:
                self._losing = self.rng.randrange(1000) < self.parameters["permille"]
                self.changed += self._losing
            if not (piece.inside and self._losing):
                yield at_us, piece.data


class Flip(Effect):
    """Bits are flipped: one in a byte, each byte with a probability."""

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Flip some bits."""
        at_us, data = portion
        out = bytearray(data)
        for index in range(len(out)):
            if self.rng.randrange(1_000_000) < self.parameters["ppm"]:
                out[index] ^= 1 << self.rng.randrange(8)
                self.changed += 1
        yield at_us, bytes(out)


class Duplicate(FrameEffect):
    """Frames come twice, each with a probability."""

    def __init__(self, parameters: Parameters, rng: random.Random, wire: Wire) -> None:
        super().__init__(parameters, rng, wire)
        self._frame = b""

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Repeat some frames."""
        at_us, data = portion
        for piece in self.tracker.feed(data):
            yield at_us, piece.data
            self._frame = piece.data if piece.begins else self._frame + piece.data
            if piece.ends and self.rng.randrange(1000) < self.parameters["permille"]:
                self.changed += 1
                yield at_us, self._frame


class Split(Effect):
    """Bytes come one by one with time between them."""

    _free_us = 0

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Space the bytes."""
        at_us, data = portion
        self.changed += len(data)
        for index in range(len(data)):
            at_us = max(at_us, self._free_us)
            self._free_us = at_us + self.parameters["spacing_us"]
            yield at_us, data[index : index + 1]


class Merge(Effect):
    """Bytes come in lumps, as from an adapter with a latency timer."""

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Round the time up to the next lump."""
        at_us, data = portion
        every_us = self.parameters["every_us"]
        self.changed += len(data)
        yield -(-at_us // every_us) * every_us, data


class WrongCrc(FrameEffect):
    """Every frame has a wrong checksum."""

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Alter one checksum byte of each frame."""
        at_us, data = portion
        for piece in self.tracker.feed(data):
            out = bytearray(piece.data)
            index = self.wire.checksum_at - piece.at
            if piece.inside and 0 <= index < len(out):
                out[index] ^= 0x01
                self.changed += 1
            yield at_us, bytes(out)


class HalfFrame(FrameEffect):
    """Half of the next frame, then silence."""

    def __init__(self, parameters: Parameters, rng: random.Random, wire: Wire) -> None:
        super().__init__(parameters, rng, wire)
        self._head = b""
        self._cutting = self._silent = False

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Pass everything up to the half of a frame."""
        at_us, data = portion
        for piece in self.tracker.feed(data):
            if piece.begins and not self._silent:
                self._cutting, self._head = True, b""
            for index in range(len(piece.data)):
                byte = piece.data[index : index + 1]
                if self._silent or (self._cutting and self._past_half()):
                    self._silent = True
                    self.changed += 1
                    continue
                self._head += byte
                yield at_us, byte

    def _past_half(self) -> bool:
        # The frame says its length itself; half is never before that, but in the shortest ones.
        if len(self._head) < HEAD:
            return False
        return len(self._head) >= self.wire.length(self._head) // 2


class BaudMismatch(Effect):
    """Every byte is read at the wrong rate: another byte, or none."""

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Replace the bytes."""
        at_us, data = portion
        out = bytearray()
        for byte in data:
            read = self.rng.randrange(384)
            if read < 256:
                out.append(read if read != byte else read ^ 0x80)
        self.changed += len(data)
        yield at_us, bytes(out)


class Echo(Effect):
    """Everything also goes back to where it came from."""

    def __init__(
        self, parameters: Parameters, rng: random.Random, back: Callable[[int, bytes], None]
    ) -> None:
        super().__init__(parameters, rng)
        self._back = back

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Send a copy back."""
        at_us, data = portion
        self.changed += len(data)
        self._back(at_us, data)
        yield portion


class CutStop(FrameEffect):
    """The plug is pulled while a stop command is on the line."""

    def __init__(
        self, parameters: Parameters, rng: random.Random, wire: Wire, pull: Callable[[int], None]
    ) -> None:
        super().__init__(parameters, rng, wire)
        self._pull = pull
        self._command = CommandReader(wire)
        self._head = b""
        self._pulled = False

    def feed(self, portion: Portion) -> Iterator[Portion]:
        """Pass everything up to the last byte of a stop command, or half of a line that is one."""
        if self.wire.text:
            yield from self._cut_line(portion)
            return
        at_us, data = portion
        for piece in self.tracker.feed(data):
            if self._pulled:
                return
            command = self._command.feed(piece)
            if piece.ends and command in self.wire.stops:
                self._pulled = True
                self.changed += 1
                self._pull(at_us + 1)  # what came before it still arrives
                return
            yield at_us, piece.data

    def _cut_line(self, portion: Portion) -> Iterator[Portion]:
        at_us, data = portion
        for piece in self.tracker.feed(data):
            if piece.begins:
                self._head = b""
            for index in range(len(piece.data)):
                if self._pulled:
                    return
                self._head += piece.data[index : index + 1]
                if self._head == self.wire.stop_begins:
                    self._pulled = True
                    self.changed += 1
                    self._pull(at_us + 1)
                    return
                yield at_us, piece.data[index : index + 1]
