"""The Python API, `with stimctl.connect("sim:p24") as device: ...`: errors raised, zero verified.

Amplitudes, areas and durations are texts with a unit ("12 mA", "25 cm2", "30 s"). A program keeps
output on by renewing `hold()`; where it hangs, the hold lapses and the session stops by itself.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from stimctl.codes import Code
from stimctl.errors import (
    LinkError,
    OutputUnknownError,
    StateError,
)
from stimctl.markers.heard import Heard
from stimctl.markers.marker import Marker
from stimctl.markers.names import parse_markers
from stimctl.markers.open import MarkerOutput, open_markers
from stimctl.supervisor.api_arming import ApiArming
from stimctl.supervisor.api_follow import FollowRange, Turn
from stimctl.supervisor.api_loads import Loads
from stimctl.supervisor.api_procedure import Procedures
from stimctl.supervisor.api_requests import Requested
from stimctl.supervisor.child_process import refuse_copy
from stimctl.supervisor.client import Row, SupervisorClient
from stimctl.supervisor.device_names import parse_device
from stimctl.supervisor.platform_support import need_session
from stimctl.supervisor.reach import NOTHING
from stimctl.supervisor.stop_face_names import stop_face_options
from stimctl.supervisor.view import GivenPulse, Reading, SessionView

__all__ = [
    "Device",
    "FollowRange",
    "GivenPulse",
    "Marker",
    "Reading",
    "Requested",
    "Turn",
    "connect",
]


def connect(
    device: str,
    *,
    person: str = "",
    journal: Path | None = None,
    single_pulses: bool = False,
    operator: str = "",
    stop_face: str | Sequence[str] = (),
    find_channels: bool = False,
    follow: bool = False,
    markers: Sequence[MarkerOutput] = (),
    capture: Path | None = None,
) -> Device:
    """Describe a session with a device, for a `with` block that ends at verified zero.

    Nothing is opened before the block is entered.

    Args:
        device: `sim:p24` (simulated) or `p24:/dev/ttyACM0`, and so for every family.
        person: a pseudonym; needed on hardware.
        journal: folder for the record of the session; the usual one where it is not given.
        single_pulses: `pulse()` instead of trains.
        operator: who is in charge, by a code; named in every row of output.
        stop_face: a pedal or button that stops, by its name, or several.
        find_channels: a channel rises only after `found` has told where the one before it is felt.
        follow: `follow` and `loop` may move a channel a little by the data of the program.
        markers: where the events of the session go as markers: "lsl", "lsl:NAME",
            "line:/dev/ttyUSB1:rts", or a function that is called with each `Marker`, in a thread
            of its own.
        capture: a new file for the bytes of the link, or a folder for one file each session.

    Raises:
        UsageError: a name that is not of the form above.
        NotOnThisSystemError: this operating system has not what a session needs (Windows).
    """
    need_session("stimctl.connect()")
    return Device(
        device, person=person, journal=journal, single_pulses=single_pulses, operator=operator,
        stop_face=stop_face, find_channels=find_channels, follow=follow,
        markers=markers, capture=capture,
    )  # fmt: skip


class Device(Loads, Procedures):
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
        follow: bool = False,
        markers: Sequence[MarkerOutput] = (),
        capture: Path | None = None,
        bench: bool = False,
    ) -> None:
        faces = stop_face_options([stop_face] if isinstance(stop_face, str) else stop_face)
        options = ["--face-name", "api", "--requires-hold"]
        options += ["--person", person] if person else []
        options += ["--journal", str(journal)] if journal is not None else []
        options += ["--single-pulses"] if single_pulses else []
        options += ["--operator", operator] if operator else []
        options += faces
        options += ["--find-channels"] if find_channels else []
        options += ["--follow"] if follow else []
        options += ["--capture", str(capture.absolute())] if capture is not None else []
        options += ["--bench", "--watchdog-test"] if bench else []
        self._address = parse_device(device).address
        if parse_device(device).is_twin:
            options.append("--no-attendance-prompt")  # nobody is at the electrodes of a twin
        self._has_stop_face = bool(faces)
        parse_markers([one for one in markers if isinstance(one, str)])
        self._view, self._marker_outputs = SessionView(), tuple(markers)
        self._heard = Heard(self._view)
        self._client = SupervisorClient(device, options, on_row=self._heard.take)
        self._reach = NOTHING
        self._loaded = None
        self._is_open = False
        self._hold_us, self._held_s = 0, 0.0
        self._one_pulse = threading.Lock()
        # A session that no variable holds any more is nobody's: it ends.
        weakref.finalize(self, self._client.abandon)

    def __enter__(self) -> Self:
        """Take the port, identify the device and verify zero.

        Raises:
            StateError: the session was opened before.
            PortBusyError: another program is using the port.
            NoDeviceError: nothing answers there, or another device than the name says; or an output
                for markers is not there.
            LinkError: the link was lost meanwhile.
        """
        if self._is_open:
            raise StateError(
                "this session has been opened before",
                code=Code.OPENED_BEFORE,
                what_to_do="connect again",
            )
        try:
            self._heard.markers = open_markers(self._marker_outputs, self._address)
            self._client.start()
            self._is_open = True
            self._client.ask("connect")
            self._until("identified")
        except BaseException:  # Ctrl-C too: nothing of the session is left
            if self._client.is_mine:
                self._client.abandon()  # should a second Ctrl-C cut short what follows
                self._client.close()
                self._heard.close_markers()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop and verify zero. In a fork of the process it does nothing.

        Raises:
            OutputUnknownError: zero could not be verified.
        """
        if not self._client.is_mine:
            return
        self._client.abandon()  # should Ctrl-C cut short what follows
        code = self._client.close()
        self._heard.close_markers()
        if code == OutputUnknownError.exit_code:
            raise self._view.not_confirmed() from error

    # -- before output ------------------------------------------------------------------------

    def arm(self) -> None:
        """Arm: the first of the two steps to output. Zero is verified once more.

        On hardware everything has to be handed in before. Then whoever sits at the terminal of
        this program is asked there to type what it shows, or presses the stop face. A session with
        a stop face waits 2 minutes for its first press, on a twin too.

        Raises:
            NotReadyError: something is missing; `needs` has the code of each item.
            OutputUnknownError: zero could not be verified.
        """
        has_face = self._has_stop_face
        ApiArming(self._ask, self._view, self._still, has_stop_face=has_face).arm()
        self._until("armed")

    def start(self, hold: str = "10 s", *, start_from: str = "") -> None:
        """Start: the second step. The plan runs, all channels at zero, while `hold` is renewed.

        Args:
            hold: as in `hold()`.
            start_from: after a stop in the middle of the plan "beginning" or "what-is-left".

        Raises:
            StateError: the session is not armed, or `start_from` is needed.
            QuantityError: the hold is not a duration.
        """
        self.hold(hold)
        self._ask("start", **({"from": start_from} if start_from else {}))
        self._until("running")

    # -- what is known ------------------------------------------------------------------------

    @property
    def readings(self) -> Mapping[int, Reading]:
        """By channel of the plan: what was commanded, and what the device has acknowledged, now."""
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
        """The events since the last call, oldest first (docs/reference/events.md)."""
        self._client.check_owner()
        return iter(self._view.take_events())

    def __reduce__(self) -> str:
        refuse_copy("device")

    # -- inside -------------------------------------------------------------------------------

    def _send(self, do: str, **fields: Any) -> None:
        """Without waiting for an answer."""
        self._check_open(do)
        self._client.send(do, **fields)

    def _ask(self, do: str, **fields: Any) -> Row:
        self._check_open(do)
        return self._client.ask(do, **fields)

    def _check_open(self, do: str) -> None:
        if not self._is_open:
            raise StateError(
                f"{do} refused",
                code=Code.NOT_OPEN,
                why="the session is not open",
                what_to_do="use it in a block: with stimctl.connect(...) as device: ...",
            )
