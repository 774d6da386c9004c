"""The Python API, `with stimctl.connect("sim:p24") as device: ...`: errors raised, zero verified.

Amplitudes, areas and durations are texts with a unit ("12 mA", "25 cm2", "30 s"). A program keeps
output on by renewing `hold()`; where it hangs, the hold lapses and the session stops by itself.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from stimctl.codes import Code
from stimctl.errors import (
    DeviceFaultError,
    LinkError,
    NoDeviceError,
    OutputUnknownError,
    StateError,
    UsageError,
)
from stimctl.quantity import format_duration, parse_duration_us
from stimctl.records.answers import read_answers
from stimctl.records.places import user_protocol_folders
from stimctl.records.protocol_files import read_protocol
from stimctl.supervisor.api_arming import ApiArming
from stimctl.supervisor.api_tells import Tells
from stimctl.supervisor.api_words import CURRENT, NOTHING, PERCENT, Reach, checked_channels
from stimctl.supervisor.child_process import refuse_copy
from stimctl.supervisor.client import Row, SupervisorClient
from stimctl.supervisor.climbing import Climb
from stimctl.supervisor.device_names import parse_device
from stimctl.supervisor.stop_face_names import stop_face_options
from stimctl.supervisor.view import GivenPulse, IntensityReading, Reading, SessionView

__all__ = ["Device", "GivenPulse", "IntensityReading", "Reading", "connect"]

_STEP_WITHIN_S = 25.0  # connect, identify, see the watchdog trip (P24: 2 s); boot (openEMSstim)
_ZERO_WITHIN_S = 3.0
_PULSE_WITHIN_S = 3.0  # row on the disk 250 ms, line 250 ms, silence of the device 1 s
_POLL_S = 0.02


def connect(
    device: str,
    *,
    person: str = "",
    journal: Path | None = None,
    single_pulses: bool = False,
    operator: str = "",
    stop_face: str | Sequence[str] = (),
    find_channels: bool = False,
) -> Device:
    """A session with a device, for a `with` block that ends at verified zero.

    `device`: `sim:p24` or `p24:/dev/ttyACM0`, and so for every family. `person`: a pseudonym,
    needed on hardware. `single_pulses`: `pulse()` instead of trains. `operator`: who is in charge,
    by a code of the same form, named in every row of output. `stop_face`: a pedal or button that
    stops, by its name, or several. `find_channels`: a channel rises only after `found` has told
    where the one before it is felt. Nothing is opened before the block is entered.
    """
    return Device(
        device, person=person, journal=journal, single_pulses=single_pulses, operator=operator,
        stop_face=stop_face, find_channels=find_channels,
    )  # fmt: skip


class Device(Tells):
    """One session with one device. A method that cannot do its work raises a `StimctlError`."""

    def __init__(
        self,
        device: str,
        *,
        person: str,
        journal: Path | None,
        single_pulses: bool,
        operator: str = "",
        stop_face: str | Sequence[str] = (),
        find_channels: bool = False,
    ) -> None:
        faces = stop_face_options([stop_face] if isinstance(stop_face, str) else stop_face)
        options = ["--face-name", "api", "--requires-hold"]
        options += ["--person", person] if person else []
        options += ["--journal", str(journal)] if journal is not None else []
        options += ["--single-pulses"] if single_pulses else []
        options += ["--operator", operator] if operator else []
        options += faces
        options += ["--find-channels"] if find_channels else []
        if parse_device(device).is_twin:
            options.append("--no-attendance-prompt")  # nobody is at the electrodes of a twin
        self._has_stop_face = bool(faces)
        self._view = SessionView()
        self._client = SupervisorClient(device, options, on_row=self._view.take)
        self._reach = NOTHING
        self._is_open = False
        self._hold_us, self._held_s = 0, 0.0
        self._one_pulse = threading.Lock()
        # A session that no variable holds any more is nobody's: it ends.
        weakref.finalize(self, self._client.abandon)

    def __enter__(self) -> Self:
        """Take the port, identify the device and verify zero."""
        if self._is_open:
            raise StateError(
                "this session has been opened before",
                code=Code.OPENED_BEFORE,
                what_to_do="connect again",
            )
        try:
            self._client.start()
            self._is_open = True
            self._client.ask("connect")
            self._until("identified")
        except BaseException:  # Ctrl-C too: nothing of the session is left
            if self._client.is_mine:
                self._client.abandon()  # should a second Ctrl-C cut short what follows
                self._client.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop and verify zero, or raise `OutputUnknownError`; in a fork it does nothing."""
        if not self._client.is_mine:
            return
        self._client.abandon()  # should Ctrl-C cut short what follows
        code = self._client.close()
        if code == OutputUnknownError.exit_code:
            raise self._view.not_confirmed() from error

    # -- before output ------------------------------------------------------------------------

    def load(
        self,
        protocol: str | Path,
        *,
        amplitudes: Mapping[int, str] = MappingProxyType({}),
        intensities: Mapping[int, str] = MappingProxyType({}),
        areas: Mapping[int, str],
        sites: Mapping[int, str] | None = None,
        duration: str = "",
        acknowledge: Sequence[str] = (),
        confirm: str = "",
    ) -> Row:
        """Compile a treatment protocol (a name or a path) for this device; nothing is put out.

        By channel: `amplitudes` are ceilings ("12 mA"), `areas` the smaller electrode's ("25 cm2"),
        `sites` body sites ("left-calf", or "left-calf/left-foot" where the pads lie apart). On a
        device without current control `intensities` ("40 %") stand for `amplitudes`, and the
        protocol is one for external pulses. `acknowledge`: ids of warnings. `confirm`: the
        four characters that the rehearsal has printed; on hardware `arm` demands them, and what
        `prepare` hands in. Returns digest, duration_us and channels; raises `LimitRefusedError`
        that names the limit, `ProtocolFileError`, `UsageError`.
        """
        if amplitudes and intensities:
            raise UsageError("amplitudes and intensities are of different kinds of devices")
        words, ceilings = (PERCENT, intensities) if intensities else (CURRENT, amplitudes)
        ceilings, areas = checked_channels(ceilings), checked_channels(areas)
        sites = checked_channels(sites or {})
        for ceiling in ceilings.values():
            words.parse(ceiling)
        if ceilings.keys() != areas.keys():
            raise UsageError(f"{words.field}s and areas name different channels")
        text = read_protocol(str(protocol), user_protocol_folders())
        ask = self._ask
        ask("load", path=str(text.path.resolve()), sha256=text.sha256)
        for channel, ceiling in ceilings.items():
            told: dict[str, Any] = {"channel": channel, words.field: ceiling}
            told["area"] = areas[channel]
            if channel in sites:
                told["site"] = sites[channel]
            ask(words.set_up, **told)
        chosen: dict[str, Any] = {"duration": duration} if duration else {}
        ask("options", acknowledge=" ".join(acknowledge), **chosen)
        compiled = ask("compile")
        self._reach = Reach.of(words, compiled)
        if confirm:
            ask("prepare", confirm=confirm)
        self._until("checked")
        return compiled

    def prepare(
        self,
        *,
        screening: Path | None = None,
        approvals: Sequence[str] = (),
        acknowledge: Sequence[str] = (),
        sides: Mapping[int, str] = MappingProxyType({}),
        second_identifier: str = "",
    ) -> None:
        """Hand in what people have said, after `load`; needed on hardware, and harmless on a twin.

        `screening`: a file of answers as `stimctl screening` prints it, with the person's code and
        the day. `approvals`: ids of conditions for which a specialist's approval is on file.
        `acknowledge`: ids that `arm` names ("E6": the pads are one pad width apart). `sides`: for
        each channel "left" or "right", given by who looks at the person. `second_identifier`:
        the four digits that the person tells, where they are kept with the code. `arm` says what is
        missing. Raises `ProtocolFileError`, `UsageError`.
        """
        ask = self._ask
        if screening is not None:
            ask("prepare", **read_answers(screening).as_fields())
        told: dict[str, Any] = {"approvals": " ".join(approvals)} if approvals else {}
        told |= {"acknowledge": " ".join(acknowledge)} if acknowledge else {}
        told |= {"sides": " ".join(f"{one}={side}" for one, side in sides.items())} if sides else {}
        told |= {"second": second_identifier} if second_identifier else {}
        ask("prepare", **told)

    def arm(self) -> None:
        """The first of the two steps to output: verify zero once more.

        On hardware everything has to be handed in before; then whoever sits at the terminal of this
        program is asked there to type what it shows, or a stop face has been pressed. Where the
        session has a stop face this waits 2 minutes for its first press, on a twin too. Raises
        `NotReadyError` with the codes of all that is missing in `needs`.
        """
        has_face = self._has_stop_face
        ApiArming(self._ask, self._view, self._still, has_stop_face=has_face).arm()
        self._until("armed")

    def start(self, hold: str = "10 s", *, start_from: str = "") -> None:
        """The second step: run the plan, all channels at 0 mA, while `hold` is renewed; after a
        stop in the middle of it `start_from` must say: "beginning" or "what-is-left"."""
        self.hold(hold)
        self._ask("start", **({"from": start_from} if start_from else {}))
        self._until("running")

    # -- while output is on -------------------------------------------------------------------

    def hold(self, duration: str | float) -> None:
        """Allow output for this long from now on ("5 s", or seconds); at most 60 s at a time."""
        us = parse_duration_us(duration) if isinstance(duration, str) else round(duration * 1e6)
        fields: dict[str, Any] = {"for": format_duration(us)}
        self._ask("hold", **fields)
        self._hold_us, self._held_s = us, time.monotonic()

    def raise_to(self, channel: int, amplitude: str) -> None:
        """Raise a channel step by step, one device step per 250 ms; returns at that amplitude.

        In milliampere, or in percent where the device knows no current ("12 mA", "40 %"); returns
        when the device has acknowledged it. Meanwhile the hold is renewed, by the duration it had
        last. In the off time of an on/off cycle one step applies at the next on ramp, and it is
        waited for. Linked channels go along.
        Raises `LimitRefusedError` above what was cleared (nothing is raised then), also where a
        linked channel has reached what it was cleared for; `StateError` where the session does
        not go on, and where the channel is lowered, linked, unlinked, paused or stopped by
        anybody meanwhile: then nothing more is raised.
        """
        channel, target = self._reach.target(channel, amplitude)
        still = partial(self._still, "running")
        Climb(self._client, self._view, self._reach, still, self._renew).to(channel, target)

    def lower_to(self, channel: int, amplitude: str) -> None:
        """Lower a channel at once ("0 mA" or "0 %" is off), those linked to it by as many steps."""
        words = self._reach.words
        told: dict[str, Any] = {"channel": self._reach.channel(channel), words.field: amplitude}
        self._ask(words.lowering, **told)

    def link(self, *channels: int) -> None:
        """Raise and lower these channels together from now on; every ceiling stays as it is.

        Raises `StateError` for channels that are not in the plan, or are linked already.
        """
        self._ask("link", channels=[self._reach.channel(channel) for channel in channels])

    def unlink(self) -> None:
        """Every channel on its own again."""
        self._ask("unlink")

    def pulse(self, channel: int, amplitude: str) -> GivenPulse:
        """One single pulse, at most as high as the channel has been raised to.

        Returns when the device has acknowledged it, with its times; raises `StateError` where it
        was not given (with the reason), or was sent and not acknowledged.
        """
        with self._one_pulse:
            self._view.forget_pulses()
            self._ask("pulse", channel=self._reach.channel(channel), amplitude=amplitude)
            given = self._view.given_pulse(_PULSE_WITHIN_S)
        if given is None:
            self._still("running")
            raise LinkError("the pulse was not acknowledged", why="it may have been given")
        return given

    def pause(self) -> None:
        """Output to zero at once; `resume` goes on softly within 60 s, from 0 mA after that."""
        self._ask("pause")

    def resume(self) -> None:
        """Go on after a pause, once its zero is verified."""
        give_up = time.monotonic() + _ZERO_WITHIN_S
        while self._view.model.stopping_ns is not None and time.monotonic() < give_up:
            self._view.wait(self._view.count, _POLL_S)
        self._ask("resume")
        self._until("running")

    def stop(self) -> None:
        """Stop and verify zero. Raises `OutputUnknownError` if zero is not verified in 3 s."""
        self._ask("stop")
        give_up = time.monotonic() + _ZERO_WITHIN_S
        while self._client.output_may_be_on:
            if time.monotonic() > give_up:
                raise self._view.not_confirmed()
            time.sleep(_POLL_S)

    def wait(self, seconds: float) -> None:
        """Sleep; raises as soon as the session no longer runs, and returns where its plan ended."""
        self._client.check_owner()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._view.model.plan_ended and self.state == "stopped":
                return
            self._still("running", "paused")
            time.sleep(min(left, _POLL_S))

    # -- what is known ------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """One of the ten states of a session, as text ("running", "stopped", "unknown", ...)."""
        self._client.check_owner()
        return self._client.state

    @property
    def readings(self) -> Mapping[int, Reading | IntensityReading]:
        """By channel of the plan: the plateau raised, and what the device has accepted, now."""
        self._client.check_owner()
        if not self._is_open:
            return {}
        try:
            told = self._client.ask("readings")
        except LinkError:  # the session is over
            acked = None if self._client.output_may_be_on else 0
            return self._reach.readings_at_the_end(acked)
        return self._reach.readings(told["channels"], time.monotonic_ns())

    def events(self) -> Iterator[Row]:
        """The events since the last call, oldest first."""
        self._client.check_owner()
        return iter(self._view.take_events())

    def __reduce__(self) -> str:
        refuse_copy("device")

    # -- inside -------------------------------------------------------------------------------

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
        state = self._client.state
        if state in states:
            return
        if state == "unknown":
            raise self._view.not_confirmed()
        if state == "fault":
            raise DeviceFaultError("the session has stopped by a fault", why=self._view.why)
        raise StateError(f"the session is {state}", code=Code.SESSION_STOPPED, why=self._view.why)

    def _ask(self, do: str, **fields: Any) -> Row:
        if not self._is_open:
            raise StateError(
                f"{do} refused",
                code=Code.NOT_OPEN,
                why="the session is not open",
                what_to_do="use it in a block: with stimctl.connect(...) as device: ...",
            )
        return self._client.ask(do, **fields)

    def _renew(self) -> None:
        """The program waits in a call of this API: its hold goes on, no longer than it was."""
        if time.monotonic() - self._held_s > self._hold_us / 2e6:
            self.hold(self._hold_us / 1e6)
