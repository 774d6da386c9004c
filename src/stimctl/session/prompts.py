"""What a session asks of the people at it: skin (E2), sensation (H14), the end to come (N1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from stimctl.stimulus.level import CURRENT, AnyScale

SKIN_CHECK_US: Final = 120_000_000
"""Rule E2: look at the skin after 2 minutes (R: RehaStim2 manual), and at the end."""
END_NEAR_US: Final = 60_000_000
"""Rule N1: told 60 s before the end (D)."""


class Prompt(StrEnum):
    """Everything that is asked or told."""

    SKIN_CHECK = "skin_check"
    SKIN_CHECK_AT_END = "skin_check_at_end"
    END_NEAR = "end_near"
    NO_SENSATION = "no_sensation"
    RAISE_AGAIN = "raise_again"


TEXTS: Final[Mapping[Prompt, str]] = MappingProxyType(
    {
        Prompt.SKIN_CHECK: "look at the skin under the electrodes now; stop if it is burning, "
        "blistered or much redder than around them",
        Prompt.SKIN_CHECK_AT_END: "look at the skin under the electrodes and note what you see",
        Prompt.END_NEAR: "1 minute left",
        Prompt.NO_SENSATION: CURRENT.rules.unfelt_text,
        Prompt.RAISE_AGAIN: "ask the person whether the contractions may be stronger, and raise by "
        "hand if so; nothing rises by itself",
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt that is due; `channel` where it is about one."""

    prompt: Prompt
    channel: int | None = None


class Prompts:
    """The prompts of one run. Times are plan time in microseconds, plateaus in its scale.

    `remind`: after so many contractions somebody is asked whether to raise again; 0: never.
    """

    def __init__(self, duration_us: int, scale: AnyScale = CURRENT, remind: int = 0) -> None:
        self._scale = scale
        self._remind = remind
        self._reminded = 0
        self._timed = [
            (at_us, prompt)
            for at_us, prompt in (
                (SKIN_CHECK_US, Prompt.SKIN_CHECK),
                (duration_us - END_NEAR_US, Prompt.END_NEAR),
            )
            # In a session of a minute its end is near from the start.
            if 0 < at_us < duration_us
        ]
        self._timed.sort()
        self._felt: dict[int, int] = {}

    def text(self, prompt: Prompt) -> str:
        """What people are told."""
        return self._scale.rules.unfelt_text if prompt is Prompt.NO_SENSATION else TEXTS[prompt]

    def felt(self, channel: int, plateau: int) -> None:
        """The person has told a sensation at this plateau."""
        self._felt[channel] = plateau

    def due(self, time_us: int, plateaus: Mapping[int, int], contractions: int = 0) -> list[Asked]:
        """What is to be asked now, each once; `contractions`: so many have begun."""
        asked: list[Asked] = []
        if self._remind and contractions // self._remind > self._reminded:
            self._reminded = contractions // self._remind
            asked.append(Asked(Prompt.RAISE_AGAIN))
        while self._timed and self._timed[0][0] <= time_us:
            asked.append(Asked(self._timed.pop(0)[1]))
        for channel, plateau in plateaus.items():
            # What was lowered below the last sensation has to be raised anew to be asked about.
            felt = min(self._felt.get(channel, 0), plateau)
            self._felt[channel] = felt
            if plateau - felt >= self._scale.rules.unfelt:
                self._felt[channel] = plateau
                asked.append(Asked(Prompt.NO_SENSATION, channel))
        return asked
