"""A slow change of all channels: the soft ramp after a pause, the fade when nobody answers."""

from stimctl.session.config import RAMP_TICK_NS
from stimctl.session.ramp_limiter import FULL


class Fader:
    """A gain in permille that moves evenly from one value to another."""

    def __init__(self) -> None:
        self.gain = FULL
        self.fading_out = False
        self._from = self._to = FULL
        self._began_ns = self._lasts_ns = 0

    def full(self) -> None:
        """No change under way, everything at its plateau."""
        self._set(0, FULL, FULL, 0)

    def fade_in(self, now_ns: int, lasts_ns: int) -> None:
        """From nothing to the plateaus."""
        self._set(now_ns, 0, FULL, lasts_ns)

    def fade_out(self, now_ns: int, lasts_ns: int) -> None:
        """From where it is to nothing; not taken back."""
        self._set(now_ns, self.gain, 0, lasts_ns)
        self.fading_out = True

    def _set(self, now_ns: int, start: int, end: int, lasts_ns: int) -> None:
        self.gain, self._from, self._to = start, start, end
        self._began_ns, self._lasts_ns = now_ns, lasts_ns
        self.fading_out = False

    def advance(self, now_ns: int) -> None:
        """Move the gain to where it belongs now."""
        if self.gain == self._to:
            return
        past_ns = now_ns - self._began_ns
        if past_ns >= self._lasts_ns:
            self.gain = self._to
        else:
            self.gain = self._from + (self._to - self._from) * past_ns // self._lasts_ns

    @property
    def faded_out(self) -> bool:
        """The fade is complete."""
        return self.fading_out and self.gain == 0

    def deadline(self, now_ns: int) -> int | None:
        """When to move next; None while nothing moves."""
        return None if self.gain == self._to else now_ns + RAMP_TICK_NS
