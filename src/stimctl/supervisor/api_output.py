"""What a program does with the output of a session: increase, decrease, pulse, pause, stop."""

from __future__ import annotations

import contextlib
import threading
import time
from functools import partial
from typing import Any

from stimctl.codes import Code
from stimctl.errors import DeviceFaultError, LinkError, NoDeviceError, StateError
from stimctl.quantity import format_duration, parse_duration_us
from stimctl.supervisor.api_tells import Tells
from stimctl.supervisor.cancelling import still_wanted
from stimctl.supervisor.client import SupervisorClient
from stimctl.supervisor.climbing import Climb
from stimctl.supervisor.view import GivenPulse, SessionView

_STEP_WITHIN_S = 25.0  # connect, identify, see the watchdog act (P24: 2 s); boot (openEMSstim)
_ZERO_WITHIN_S = 3.0
_PULSE_WITHIN_S = 3.0  # row on the disk 250 ms, line 250 ms, silence of the device 1 s
_POLL_S = 0.02
_AT_ZERO = ("identified", "checked", "stopped")
_ENDED_BY_STOP = ("armed", "running", "paused")


class Output(Tells):
    """These methods of a `Device`."""

    _client: SupervisorClient
    _view: SessionView
    _hold_us: int
    _held_s: float
    _one_pulse: threading.Lock

    @property
    def state(self) -> str:
        """One of the ten states of a session, as text ("running", "stopped", "unknown", ...)."""
        self._client.check_owner()
        return self._client.state

    def hold(self, duration: str | float) -> None:
        """Allow output for this long from now on.

        Args:
            duration: "5 s", or seconds; 0 to 60 s. Output ends when it is over.

        Raises:
            QuantityError: the text is not a duration.
            StateError: it is longer than 60 s, or the session is not open.
        """
        us = parse_duration_us(duration) if isinstance(duration, str) else round(duration * 1e6)
        fields: dict[str, Any] = {"for": format_duration(us)}
        self._ask("hold", **fields)
        self._hold_us, self._held_s = us, time.monotonic()

    def raise_to(self, channel: int, amplitude: str) -> None:
        """Increase a channel, one device step per 250 ms. Returns at that amplitude.

        It returns when the device has acknowledged it. Meanwhile the hold is renewed, by the
        duration it had last. In the off time of an on/off cycle one step is applied at the next on
        ramp, and is waited for. Linked channels go along.

        Args:
            channel: a channel of the plan, from 1.
            amplitude: "12 mA", or "40 %" where the device knows no current.

        Raises:
            LimitRefusedError: above what was cleared, also for a linked channel; nothing is
                increased then.
            StateError: the session does not go on, or the channel is decreased, linked, unlinked,
                paused or stopped by anybody meanwhile; nothing more is increased then.
        """
        channel, target = self._reach.target(channel, amplitude)
        still = partial(self._still, "running")
        Climb(self._client, self._view, self._reach, still, self._renew).to(channel, target)

    def lower_to(self, channel: int, amplitude: str) -> None:
        """Decrease a channel at once, and those linked to it by as many steps.

        Args:
            channel: a channel of the plan, from 1.
            amplitude: "5 mA" or "5 %"; "0 mA" or "0 %" is off.

        Raises:
            UsageError: the channel or the amplitude is invalid.
        """
        self._ask("lower", channel=self._reach.channel(channel), level=amplitude)

    def link(self, *channels: int) -> None:
        """Increase and decrease these channels together from now on. Every maximum stays as it is.

        Args:
            channels: two or more channels of the plan.

        Raises:
            StateError: a channel is not in the plan, or is linked already.
        """
        self._ask("link", channels=[self._reach.channel(channel) for channel in channels])

    def unlink(self) -> None:
        """Change every channel on its own again.

        Raises:
            StateError: the session is not open.
        """
        self._ask("unlink")

    def pulse(self, channel: int, amplitude: str) -> GivenPulse:
        """Give one single pulse. Returns when the device has acknowledged it.

        Args:
            channel: a channel of the plan, from 1.
            amplitude: at most what the channel has been increased to ("12 mA").

        Returns:
            The pulse with its times.

        Raises:
            StateError: it was not given, with the reason.
            LinkError: it was sent and not acknowledged within 3 s; it may have been given.
        """
        with self._one_pulse:
            self._view.forget_pulses()
            self._ask("pulse", channel=self._reach.channel(channel), amplitude=amplitude)
            given = self._view.given_pulse(_PULSE_WITHIN_S)
        if given is None:
            self._still("running")
            raise LinkError("the pulse was not acknowledged", why="it may have been given")
        return given

    def less(self) -> None:
        """Lower every channel by the same share of its level, at once: a tenth, or what the file
        says (5 to 50 %). Nothing gives it back by itself.

        Raises:
            StateError: the session is not running.
        """
        self._ask("less")

    def next_stage(self) -> None:
        """End the present stage of the plan early, by a ramp to zero of 2 s; the next one begins.

        Raises:
            StateError: the session is not running, or no stage follows.
        """
        self._ask("next_stage")

    def sample(self, name: str, value: float | bool | None = None) -> None:
        """Say what an input of a functional stage reads now. It returns at once.

        Output follows only what is fresh: say it again before `stale_after` of the file is over.

        Args:
            name: an input of the file whose `sources` have "api".
            value: the angle of a phase, 0 or 1 of a state, percent of a level. Nothing is a
                heartbeat: the sender of an event is there, and nothing has happened.

        Raises:
            StateError: the session is not open.
        """
        fields: dict[str, Any] = {"beat": True} if value is None else {"value": float(value)}
        self._send("sample", input=name, seq=time.monotonic_ns(), **fields)

    def trigger(self, name: str) -> None:
        """Say that an event of an input has happened. It starts what the file says, or nothing.

        It counts only where `sample(name)` has said shortly before that the sender is there.

        Args:
            name: an input of the kind event whose `sources` have "api".

        Raises:
            StateError: the session is not open.
        """
        self._send("sample", input=name, seq=time.monotonic_ns())

    def pause(self) -> None:
        """Bring the output to zero at once. See `resume`.

        Raises:
            StateError: the session is not running.
        """
        self._ask("pause")

    def resume(self) -> None:
        """Go on after a pause: softly to what was before within 60 s, from zero after that.

        Raises:
            StateError: the session is not paused.
            OutputUnknownError: the zero of the pause was not verified.
        """
        give_up = time.monotonic() + _ZERO_WITHIN_S
        while self._view.model.stopping_ns is not None and time.monotonic() < give_up:
            still_wanted()
            self._view.wait(self._view.count, _POLL_S)
        self._ask("resume")
        self._until("running")

    def stop(self) -> None:
        """Stop every channel and verify zero.

        Raises:
            OutputUnknownError: zero is not verified within 3 s. The attempts go on.
        """
        self._ask("stop")
        give_up = time.monotonic() + _ZERO_WITHIN_S
        while self._client.output_may_be_on:
            if time.monotonic() > give_up:
                raise self._view.not_confirmed()
            time.sleep(_POLL_S)

    def cut_short(self) -> None:
        """Send a stop without waiting for anything; for a call that nobody awaits any more.

        Raises:
            StateError: in a fork of the process.
        """
        self._client.check_owner()
        # At zero too: what was asked for may be on its way. Where nobody takes the stop, nothing
        # was begun, or the stop path is at work.
        with contextlib.suppress(LinkError):
            self._client.send("stop", reason="a call of the program was cancelled")

    def wait(self, seconds: float) -> None:
        """Sleep. Returns early where the plan has ended.

        Args:
            seconds: how long.

        Raises:
            DeviceFaultError, OutputUnknownError, StateError: as soon as the session no longer runs.
        """
        self._client.check_owner()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._view.model.plan_ended and self.state == "stopped":
                return
            self._still("running", "paused")
            time.sleep(min(left, _POLL_S))

    def _stop_for_a_load(self) -> None:
        """Verified zero, and no stop under way: one that ends later would end what is loaded
        meanwhile. At zero, as these states are, there is nothing to stop."""
        if self._client.state in _AT_ZERO:
            return
        self.stop()
        give_up = time.monotonic() + _STEP_WITHIN_S
        while self._client.state in _ENDED_BY_STOP and time.monotonic() < give_up:
            time.sleep(_POLL_S)

    def _until(self, state: str) -> None:
        give_up = time.monotonic() + _STEP_WITHIN_S
        while self._client.state != state:
            if self._view.model.failed:
                raise NoDeviceError("the device was not identified", why=self._view.why)
            if self._client.exit_code is not None or time.monotonic() > give_up:
                raise LinkError(f"the session did not become {state!r}", why=self._view.why)
            before = ("disconnected", "identified", "checked", "armed", "stopped", "paused")
            self._still(state, *before)
            time.sleep(_POLL_S)

    def _still(self, *states: str) -> None:
        still_wanted()
        state = self._client.state
        if state in states:
            return
        if state == "unknown":
            raise self._view.not_confirmed()
        if state == "fault":
            raise DeviceFaultError("the session has stopped by a fault", why=self._view.why)
        raise StateError(f"the session is {state}", code=Code.SESSION_STOPPED, why=self._view.why)

    def _renew(self) -> None:
        """The program waits in a call of this API: its hold goes on, no longer than it was."""
        if time.monotonic() - self._held_s > self._hold_us / 2e6:
            self.hold(self._hold_us / 1e6)
