"""What is on the channels while faults put other things there, whichever ends first."""

from __future__ import annotations

from firmware_sim.firmware.electrodes import Load
from firmware_sim.twin import LocalTwin, WornDevice


class Clip:
    """What one fault has put on one channel."""

    def __init__(self, load: Load) -> None:
        self.load = load


class Clips:
    """The loads of a twin, with those of faults on top of each other."""

    def __init__(self, device: LocalTwin, firmware: WornDevice) -> None:
        self._device = device
        self._firmware = firmware
        self._below: dict[int, Load] = {}
        self._clips: dict[int, list[Clip]] = {}

    def below(self, channel: int) -> Load:
        """Return what is on a channel 1..8 without any fault."""
        covered = self._clips.get(channel)
        return self._below[channel] if covered else self._firmware.load(channel)

    def put(self, channel: int, load: Load) -> Clip:
        """Put something on a channel, over what is there."""
        self._below[channel] = self.below(channel)
        clip = Clip(load)
        self._clips.setdefault(channel, []).append(clip)
        self._device.set_load(channel, load)
        return clip

    def change(self, channel: int, clip: Clip, load: Load) -> None:
        """Let it become something else."""
        clip.load = load
        if self._clips[channel][-1] is clip:
            self._device.set_load(channel, load)

    def take_off(self, channel: int, clip: Clip) -> None:
        """Take it off; what is below is there again."""
        clips = self._clips[channel]
        was_on_top = clips[-1] is clip
        clips.remove(clip)
        if was_on_top:
            load = clips[-1].load if clips else self._below[channel]
            self._device.set_load(channel, load)

    def set_below(self, channel: int, load: Load) -> None:
        """Put something on a channel, below what faults have put there."""
        if self._clips.get(channel):
            self._below[channel] = load
        else:
            self._device.set_load(channel, load)
