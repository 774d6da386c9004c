"""What is put out in a commissioning: levels, widths, frequencies and times, from a device's sheet.

Everything is low: at most 20 mA, 400 us and 50 Hz, which is 16 mW in 1 kohm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stimctl.devices.sheet import CapabilitySheet
from stimctl.stimulus.level import AnyScale

NOMINAL_WIDTH_US: Final = 200
NOMINAL_MHZ: Final = 25_000
FAST_MHZ: Final = 50_000
_LOW_UA, _MIDDLE_UA, _HIGH_UA = 4_000, 10_000, 20_000
_WIDTHS_US: Final = (100, 400)
_FREQUENCIES_MHZ: Final = (10_000, FAST_MHZ)
_STEPS_OF_TRAIN: Final = 5
"""A train for a time measurement is five steps high: half of it lies between the second and the
third, far from both, so that the oscilloscope shows when the third was reached."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One plan on one channel. `most`: the highest level, in the unit of the device's scale."""

    channel: int
    most: int
    width_us: int = NOMINAL_WIDTH_US
    frequency_mhz: int = NOMINAL_MHZ


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """What is done with one device family.

    `levels`: raised one after another; two neighbours are one step of the device apart.
    `train`, `train_half`: the level of a train whose end is timed, and the first level above half
    of it. `open_level`: where the device notices an open electrode; None: it notices none.
    """

    scale: AnyScale
    step: int
    levels: tuple[int, ...]
    widths_us: tuple[int, ...]
    frequencies_mhz: tuple[int, ...]
    channels: int
    train: int
    train_half: int
    open_level: int | None

    @property
    def has_current(self) -> bool:
        """Whether pulses are the device's own, with a known current."""
        return bool(self.widths_us)

    @property
    def middle(self) -> int:
        """The level at which widths, frequencies and channels are measured."""
        return self.levels[2] if self.has_current else self.levels[0]


def settings_of(sheet: CapabilitySheet) -> BenchSettings:
    """The settings for a family: of a source of current, or of an attenuator."""
    if sheet.external_pulses is not None:
        share = sheet.external_pulses
        levels = (20, 40, 60, 80)
        return BenchSettings(
            sheet.scale, share.step_percent, levels, (), (), share.channels, 5,
            share.lowest_percent, None,
        )  # fmt: skip
    bounds = sheet.bounds
    step = bounds.amplitude_step_ua
    low, middle, high = (-(-ua // step) * step for ua in (_LOW_UA, _MIDDLE_UA, _HIGH_UA))
    train = _STEPS_OF_TRAIN * step
    return BenchSettings(
        scale=sheet.scale,
        step=step,
        levels=(low, low + step, middle, middle + step, high),
        widths_us=tuple(
            one for one in _WIDTHS_US
            if bounds.phase_width_min_us <= one <= bounds.phase_width_max_us
        ),
        frequencies_mhz=_FREQUENCIES_MHZ,
        channels=bounds.channels,
        train=train,
        train_half=(_STEPS_OF_TRAIN // 2 + 1) * step,
        open_level=high,
    )  # fmt: skip
