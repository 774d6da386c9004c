"""The watchdog test: a 0 mA train, the keep-alive withheld, must be seen to end by itself.

It proves at every connection that the device's own watchdog is alive, which is what ends output
when this program no longer can. No current flows in it.
"""

from enum import Enum, auto

from stimctl.devices.driver import AnyDriver
from stimctl.devices.events import (
    Acked,
    Doing,
    DriverEvent,
    RaiseDropped,
    StatusRead,
    UnexpectedState,
)
from stimctl.session.config import TRIP_MARGIN_NS
from stimctl.treatment.program import CurrentChannel


class Outcome(Enum):
    """How the test ended."""

    PASSED = auto()
    NEVER_RAN = auto()
    STILL_RUNS = auto()


class _Phase(Enum):
    BEGINNING = auto()
    ASKING_RUNS = auto()
    WITHHOLDING = auto()
    ASKING_ENDED = auto()


class WatchdogTest:
    """One test on one channel of a plan; `watchdog_us` is what the device promises."""

    def __init__(
        self, now_ns: int, driver: AnyDriver, plan_channel: CurrentChannel, watchdog_us: int
    ) -> None:
        self._driver = driver
        self._channel = plan_channel.channel
        self._withhold_ns = watchdog_us * 1_000 + TRIP_MARGIN_NS
        self._least_ns = watchdog_us * 1_000 - TRIP_MARGIN_NS
        self._phase = _Phase.BEGINNING
        self._due_ns: int | None = None
        self._asked_ns = now_ns
        point = plan_channel.cleared.point(
            0, plan_channel.stimulus.pulse.phase_width_us, plan_channel.period_us
        )
        self._ticket = driver.apply(now_ns, {self._channel: point})

    def advance(self, now_ns: int) -> None:
        """After the watchdog's time, ask whether the train is still running."""
        if self._due_ns is not None and now_ns >= self._due_ns:
            self._due_ns = None
            self._phase = _Phase.ASKING_ENDED
            self._driver.keep_alive(now_ns)

    def deadline(self) -> int | None:
        """When to ask."""
        return self._due_ns

    def take(self, now_ns: int, event: DriverEvent) -> Outcome | None:
        """What an event means for the test; None while it goes on."""
        match self._phase, event:
            case _Phase.BEGINNING, Acked(what=Doing.APPLY, ticket=ticket):
                if ticket == self._ticket:
                    self._phase = _Phase.ASKING_RUNS
                    self._driver.keep_alive(now_ns)
            case _Phase.BEGINNING, RaiseDropped():
                return Outcome.NEVER_RAN
            case _Phase.ASKING_RUNS, StatusRead(active=active):
                if self._channel not in active:
                    return Outcome.NEVER_RAN
                # The question itself restarted the watchdog; from here on nothing is sent.
                self._phase = _Phase.WITHHOLDING
                self._asked_ns = now_ns
                self._due_ns = now_ns + self._withhold_ns
            case _Phase.WITHHOLDING, UnexpectedState(channels_found=found):
                # A device that tells of its watchdog unasked; too early, it is another cause.
                withheld_ns = now_ns - self._asked_ns
                if withheld_ns >= self._least_ns and found is not None and not found:
                    return Outcome.PASSED
            case _Phase.ASKING_ENDED, StatusRead(active=active):
                return Outcome.STILL_RUNS if active else Outcome.PASSED
            case _Phase.ASKING_ENDED, UnexpectedState(channels_found=found):
                return Outcome.STILL_RUNS if found else Outcome.PASSED
        return None
