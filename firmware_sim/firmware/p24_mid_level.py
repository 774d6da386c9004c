"""The mid level of a P24: eight lanes of trains, their errors, and the keep-alive behind them."""

from __future__ import annotations

from .electrodes import FULL_COMPLIANCE_MV, Fault, Loads
from .p24_commands import Result
from .p24_fields import Want, overrun, read_ml_update
from .recorder import Recorder
from .trains import Lane

#: Stimulation stops after so long without a valid Ml_update or Ml_get_current_data [IFU].
KEEP_ALIVE_US = 2_000_000


class MidLevel:
    """Trains on channels 1..8; all times in us of the twin's clock.

    keep_alive_us: how long stimulation goes on without a keep-alive; None = for ever, which no
    healthy P24 does.
    """

    channels = 8
    lane = Lane

    def __init__(self, loads: Loads, recorder: Recorder) -> None:
        self._lanes = tuple(
            self.lane(channel, loads, recorder, FULL_COMPLIANCE_MV)
            for channel in range(1, self.channels + 1)
        )
        self._recorder = recorder
        self._stop_all_on_error = False
        self.keep_alive_us: int | None = KEEP_ALIVE_US
        self.fed_us: int | None = None
        """The latest keep-alive; None while no train is wanted."""

    @property
    def active_mask(self) -> int:
        """Bit i is set while channel i + 1 stimulates."""
        return sum(1 << bit for bit, lane in enumerate(self._lanes) if lane.active)

    @property
    def running(self) -> bool:
        """Whether trains were accepted that neither a stop nor a missing keep-alive has ended."""
        return self.fed_us is not None

    @property
    def expires_us(self) -> int | None:
        """When stimulation stops for want of a keep-alive."""
        if self.fed_us is None or self.keep_alive_us is None:
            return None
        return self.fed_us + self.keep_alive_us

    def initialise(self, data: bytes) -> None:
        """Take the error mode of Ml_init: bit 0 set means any error stops all channels."""
        self._stop_all_on_error = bool(data[0] & 1)

    def update(self, at_us: int, data: bytes, fed_us: int | None = None) -> Result:
        """Replace all trains, or refuse and change nothing.

        fed_us: the latest keep-alive, where it is not the host that replaces them.
        """
        read = self._read(data)
        if read is None:
            return Result.PARAMETER
        wants, late = read
        for bit, lane in enumerate(self._lanes):
            want = wants.get(bit)
            if want is not None:
                lane.run(at_us, want, late=bit in late)
            elif lane.active:
                lane.stop(at_us, cut=False)
        self.fed_us = (at_us if fed_us is None else fed_us) if wants else None
        return Result.OK

    def _read(self, data: bytes) -> tuple[dict[int, Want], frozenset[int]] | None:
        """Read an Ml_update: what it wants, and the channels that find no time; None = refused."""
        wants = read_ml_update(data)
        return None if wants is None else (wants, overrun(wants))

    def current_data(self, at_us: int, data: bytes) -> bytes:
        """Answer Ml_get_current_data: the data bytes; a valid one counts as keep-alive."""
        selection = data[0]
        faults = [lane.fault for lane in self._lanes]
        running = self.running
        if selection == 4:
            nibbles = [low | high << 4 for low, high in zip(faults[::2], faults[1::2], strict=True)]
            answer = bytes((Result.OK, 4, self.active_mask, *nibbles))
        elif selection == 3:
            answer = bytes((Result.OK, 3, group(running, faults[:4]), group(running, faults[4:])))
        elif selection == 2:
            answer = bytes((Result.OK, 2, group(running, faults[:4])))
        else:
            # Padded to full size: the vendor's decoders refuse shorter answers.
            return bytes((Result.PARAMETER, selection, 0, 0, 0, 0, 0))
        if running:
            self.fed_us = at_us
        return answer

    def stop(self, at_us: int) -> None:
        """End all output now and forget the errors."""
        self._cut_all(at_us)
        self.fed_us = None
        for lane in self._lanes:
            lane.fault = Fault.NONE

    def expire(self, at_us: int) -> bool:
        """End all output if the keep-alive is overdue; return whether it was."""
        expires_us = self.expires_us
        if expires_us is None or at_us < expires_us:
            return False
        self.fed_us = None
        self._cut_all(at_us)
        return True

    def settle(self, at_us: int) -> None:
        """Let pass what ends by at_us; a fault stops its channel, or all if so initialised."""
        for number, lane in enumerate(self._lanes, start=1):
            fault = lane.settle(at_us)
            if fault:
                self._recorder.log(at_us, "channel error", channel=number, error=int(fault))
                if self._stop_all_on_error:
                    self._cut_all(at_us)

    def load_changed(self, channel: int, at_us: int) -> None:
        """Go on with the load that is on the channel now."""
        if channel <= self.channels:
            self._lanes[channel - 1].load_changed(at_us)

    def next_us(self) -> int | None:
        """Return when something happens by itself."""
        # Written out, because it is asked several times for every frame.
        first = self.expires_us
        for lane in self._lanes:
            at_us = lane.next_us()
            if at_us is not None and (first is None or at_us < first):
                first = at_us
        return first

    def _cut_all(self, at_us: int) -> None:
        for lane in self._lanes:
            lane.stop(at_us, cut=True)


def group(running: bool, faults: list[Fault]) -> int:
    """Return the older status byte of four channels: bit 4 running, bits 3..0 electrode errors."""
    errors = sum(1 << bit for bit, fault in enumerate(faults) if fault is Fault.ELECTRODE)
    return running << 4 | errors
