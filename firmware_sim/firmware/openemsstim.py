"""The openEMSstim twin: an open attenuator board as a pure function of time and bytes.

Its dangerous corners are reproduced as they are. What the measurements leave open is [POLICY].
"""

from __future__ import annotations

from collections.abc import Callable

from .electrodes import Load
from .machine import Machine
from .openemsstim_defects import Defect, DefectProvokedError
from .openemsstim_firmware import BOOT_US, I2C, Bootloader, Dialect, Firmware, Steps, Wait
from .openemsstim_output import Channel
from .openemsstim_uart import Receiver, Transmitter
from .outbox import Outbox
from .recorder import Recorder, Row

__all__ = ["BOOT_US", "I2C", "Bootloader", "Defect", "DefectProvokedError", "Dialect",
           "OpenEmsStimTwin"]  # fmt: skip


class OpenEmsStimTwin(Machine):
    """An openEMSstim behind its serial port; `now_ns` is any integer clock that never goes back.

    dialect: which firmware; boot_us: from the start of its program to ready; bootloader: what runs
    before that after each reset; deaf_us: how long, where no bootloader is named; strict: raise
    DefectProvokedError from receive() or advance() when the host has provoked a defect, once for
    each; sink: takes record rows one by one instead of having them kept; wiretap: record the bytes
    too.

    Rows: "wiper" (value 0 strongest .. 255 weakest, permille of the external unit), "relay",
    "output", "defect", "log". There is no current in them: the board does not know any.
    """

    family = "openemsstim"

    def __init__(
        self,
        *,
        dialect: Dialect = Dialect.HEX_ONLY,
        boot_us: int = BOOT_US,
        bootloader: Bootloader = Bootloader.NONE,
        deaf_us: int | None = None,
        strict: bool = False,
        sink: Callable[[Row], None] | None = None,
        wiretap: bool = False,
    ) -> None:
        if boot_us < 0:
            raise ValueError(f"boot {boot_us} us: it cannot be negative")
        if deaf_us is not None and (deaf_us < 0 or bootloader is not Bootloader.NONE):
            raise ValueError(f"deaf for {deaf_us} us: not negative, and not with a bootloader")
        super().__init__(Recorder(sink), Outbox(), wiretap=wiretap)
        self._boot_us = boot_us
        self._deaf_us = bootloader.silent_us if deaf_us is None else deaf_us
        self._hears_us = bootloader.hears_us if deaf_us is None else deaf_us
        self._strict = strict
        self._defects: list[Defect] = []
        self._raised = 0
        self._spilling = False
        self._receiver = Receiver()
        self._transmitter = Transmitter(self._answers)
        self._firmware = Firmware(
            dialect, self._receiver, self._transmitter, self.recorder, self._note
        )
        self._steps: Steps | None = None
        self._wait = Wait(None)
        self._start()

    @property
    def stimulating(self) -> bool:
        """Whether a relay is closed, so that the external unit reaches electrodes."""
        return any(channel.on for channel in self.channels)

    @property
    def channels(self) -> tuple[Channel, Channel]:
        """The two channels as they are now."""
        return self._firmware.channels

    @property
    def crashed(self) -> bool:
        """Whether the firmware has stopped until the next reset."""
        return self._firmware.crashed

    @property
    def defects(self) -> tuple[Defect, ...]:
        """All defects the host has provoked, strict or not."""
        return tuple(self._defects)

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by now_ns; a strict twin may raise afterwards."""
        super().advance(now_ns)
        fresh = self._defects[self._raised :]
        self._raised = len(self._defects)
        if self._strict and fresh:
            raise DefectProvokedError("; ".join(f"{at}: {what}" for at, what in fresh))

    def set_i2c(self, state: I2C) -> None:
        """Break or mend the bus to the potentiometer now."""
        self._firmware.i2c = state
        self.recorder.log(self._now, "I2C bus", state=state.value)

    def set_load(self, channel: int, load: Load) -> None:
        """Refuse: what flows is the external unit's business (ValueError, always)."""
        raise ValueError(
            f"channel {channel}, load {load}: this device attenuates another, and the current into "
            "a load is not modelled"
        )

    def line_lost(self) -> None:
        """Go on: nothing supervises the line of this device."""

    def line_opened(self, now_ns: int) -> None:
        """Reset, as opening the port does through DTR."""
        self.reset(now_ns)

    def reset(self, now_ns: int) -> None:
        """Drop all pins at once and boot; the potentiometer keeps its value."""
        self.advance(now_ns)
        self.recorder.log(self._now, "reset")
        self._drop()
        self._start()

    def power_off(self, now_ns: int) -> None:
        """Drop all pins and be silent until a reset."""
        self.advance(now_ns)
        self._drop()
        self._steps, self._wait = None, Wait(None)
        self.recorder.log(self._now, "power off")

    def _drop(self) -> None:
        for channel in self.channels:
            channel.switch(self._now, False)
        self._receiver.clear()
        self._transmitter.cut()

    def _start(self) -> None:
        self._firmware.now = self._now
        self._steps = self._firmware.run(self._boot_us, self._deaf_us, self._hears_us)
        self._wait = next(self._steps)

    def _note(self, defect: Defect) -> None:
        self._defects.append(defect)
        self.recorder.add({"kind": "defect", "at_us": self._now, **defect._asdict()})

    # Time

    def _take(self, data: bytes) -> None:
        if self._steps is not None:
            self._receiver.put(self._now, data)

    def _next_event(self) -> int | None:
        byte_us, until_us = self._receiver.next_us(), self._wait.until_us
        if byte_us is None or (until_us is not None and until_us < byte_us):
            return until_us
        return byte_us

    def _happen(self, at_us: int) -> None:
        lost = self._receiver.settle(at_us)
        if lost and not self._spilling and not self.crashed:
            self._note(Defect("5.3", "more bytes than the board keeps: what follows is spliced"))
        self._spilling = bool(lost)
        wait = self._wait
        timed_out = wait.until_us is not None and wait.until_us <= at_us
        if self._steps is not None and (timed_out or (wait.for_input and self._receiver.ring)):
            self._firmware.now = at_us
            self._wait = next(self._steps)
