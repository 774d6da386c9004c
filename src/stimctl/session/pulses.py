"""Single pulses: each bounded by the plateau raised for its channel, each on the record first."""

from collections import deque
from dataclasses import dataclass

from stimctl.devices.driver import DeviceDriver, is_current_source
from stimctl.errors import StateError, StimctlError
from stimctl.safety.cleared import SetPoint, is_genuine
from stimctl.session.config import EngineConfig
from stimctl.session.core import Core
from stimctl.session.events import Json, Kind
from stimctl.session.log import EventLog, Waiting
from stimctl.session.states import State


@dataclass(frozen=True, slots=True)
class _AskedPulse:
    waiting: Waiting
    channel: int
    set_point: SetPoint


class Pulses:
    """The pulses that wait for their rows."""

    def __init__(
        self, core: Core, driver: DeviceDriver, config: EngineConfig, log: EventLog
    ) -> None:
        self._core = core
        self._driver = driver
        self._config = config
        self._log = log
        self._asked: deque[_AskedPulse] = deque()

    def ask(self, now_ns: int, channel: int, set_point: SetPoint) -> None:
        """Refused with a reason, or asked of the journal. StateError in sessions with trains."""
        if not self._config.single_pulses:
            raise StateError(
                "pulse refused",
                why="this session drives trains",
                what_to_do="begin a session for single pulses",
            )
        reason = self._refusal(channel, set_point)
        if reason is not None:
            self._refuse(now_ns, channel, reason)
            return
        row: dict[str, Json] = {"channel": channel, "amplitude_ua": set_point.amplitude_ua}
        waiting = self._log.emit_waiting(now_ns, Kind.PULSE, row)
        self._asked.append(_AskedPulse(waiting, channel, set_point))

    def _refusal(self, channel: int, set_point: SetPoint) -> str | None:
        run = self._core.run
        if run is None or not is_genuine(set_point):
            return "not a set point of the safety model"
        if set_point.amplitude_ua > run.raising.plateau(channel):
            return "above the plateau raised for this channel"
        if self._asked:
            return "the pulse before is not yet on the record"
        return None

    def _refuse(self, now_ns: int, channel: int, reason: str) -> None:
        data: dict[str, Json] = {"intent": "pulse", "channel": channel, "reason": reason}
        self._log.emit(now_ns, Kind.REFUSED, data)

    def advance(self, now_ns: int) -> None:
        """Send what is on the record by now; drop what waited too long."""
        while self._asked:
            asked = self._asked[0]
            if self._core.state is not State.RUNNING or self._core.stopping:
                self._asked.clear()
            elif now_ns > asked.waiting.stale_ns():
                self._asked.popleft()
                self._refuse(now_ns, asked.channel, "the journal took longer than 250 ms")
            elif self._log.has_on_disk(asked.waiting):
                self._asked.popleft()
                self._send(now_ns, asked)
            else:
                return

    def _send(self, now_ns: int, asked: _AskedPulse) -> None:
        reason = self._refusal(asked.channel, asked.set_point)
        if reason is None and is_current_source(self._driver):
            try:
                self._driver.pulse(now_ns, asked.channel, asked.set_point)
                self._core.budget.add(asked.set_point.amplitude_ua, asked.set_point.phase_width_us)
            except StimctlError as refused:
                reason = str(refused)
        if reason is not None:
            self._refuse(now_ns, asked.channel, reason)

    def deadline(self) -> int | None:
        """When the next one goes stale."""
        return self._asked[0].waiting.stale_ns() + 1 if self._asked else None
