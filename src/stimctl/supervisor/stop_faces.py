"""The stop faces of one session: a thread for each that reads it, and what its signs lead to.

The thread posts each sign to the front of the inbox. So a press stops the device whatever the face,
its pipe or its terminal does; the main loop decides what else follows.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from stimctl.codes import Code
from stimctl.errors import StimctlError
from stimctl.session.facts import Fact, StopFaceLost, StopFaceTested
from stimctl.session.needs import UntestedFace
from stimctl.session.people_rows import StopFace
from stimctl.supervisor.inbox import StopAsked
from stimctl.supervisor.stop_face_events import Sign
from stimctl.supervisor.stop_face_names import StopFaceName, pressed
from stimctl.supervisor.stop_face_readers import Reader, open_reader
from stimctl.supervisor.stop_face_state import (
    CAUSES,
    Cause,
    Deed,
    FaceSign,
    Phase,
    Polls,
    StopFaceState,
)

_WAIT_S = 0.1
_REOPEN_EVERY_S = 0.5
_SILENT = "it has not been read for 500 ms"
_MISSED = "the system has thrown away what it sent"
Opener = Callable[[], Reader]


class FaceThread:
    """Reads one stop face, and opens it again after a loss. `post` must not wait."""

    def __init__(self, name: str, opener: Opener, post: Callable[[FaceSign], None]) -> None:
        self.name = name
        self.polls = 0
        self.is_open = False
        """It is read now: what does not poll then is silent."""
        self._opener = opener
        self._post = post
        self._reader = opener()
        self.what = self._reader.what
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"stop-face {name}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def end(self) -> None:
        """Let go of it."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                self._read()
                self._open_again()
        finally:
            if not self._ended.is_set():  # also where this thread fails: it reads no more
                self._tell(Cause.LOSE, "the thread that reads it has failed")

    def _read(self) -> None:
        """Until it is lost, or this thread is ended."""
        self.is_open = True
        try:
            while not self._ended.is_set():
                for sign in self._reader.read(_WAIT_S):
                    if sign is Sign.MISSED:
                        self._tell(Cause.LOSE, _MISSED)
                        return
                    self._tell(CAUSES[sign])
                self.polls += 1
        except StimctlError as error:
            self._tell(Cause.LOSE, error.why or error.what)
        except Exception as error:  # noqa: BLE001 - whatever it was, nothing is read any more
            self._tell(Cause.LOSE, f"its reader failed: {error!r}")
        finally:
            self.is_open = False
            self._reader.close()

    def _open_again(self) -> None:
        while not self._ended.wait(_REOPEN_EVERY_S):
            try:
                self._reader = self._opener()
            except Exception:  # noqa: BLE001 - it stays lost, and is tried again
                continue
            self._tell(Cause.BACK)
            return

    def _tell(self, cause: Cause, why: str = "") -> None:
        self._post(FaceSign(self.name, cause, time.monotonic_ns(), why))


@dataclass(slots=True)
class _Face:
    thread: FaceThread
    state: StopFaceState
    polls: Polls
    fell_silent: bool = False


class StopFaces:
    """All of one session. Every method is called by the main loop; `wire` comes before them.

    Raises what keeps one from being opened: a session does not begin without it.
    """

    def __init__(self, openers: Mapping[str, Opener], post: Callable[[FaceSign], None]) -> None:
        self._faces: dict[str, _Face] = {}
        try:
            for name, opener in openers.items():
                thread = FaceThread(name, opener, post)
                self._faces[name] = _Face(thread, StopFaceState(), Polls())
        except BaseException:
            self.close()
            raise
        self._stop: Callable[[StopAsked], None] = lambda _asked: None
        self._notify: Callable[[Fact], None] = lambda _fact: None
        self._tell: Callable[[StopFace], None] = lambda _row: None

    def wire(
        self,
        stop: Callable[[StopAsked], None],
        notify: Callable[[Fact], None],
        tell: Callable[[StopFace], None],
    ) -> None:
        """Say where a stop, a fact for the engine and a row go, and begin to read."""
        self._stop, self._notify, self._tell = stop, notify, tell
        for face in self._faces.values():
            face.thread.start()

    def close(self) -> None:
        """Let go of all of them."""
        for face in self._faces.values():
            face.thread.end()

    def opened(self) -> list[StopFace]:
        """For the record: each by its name, and what the system tells of it."""
        return [StopFace(name, "open", face.thread.what) for name, face in self._faces.items()]

    def connecting(self, now_ns: int) -> None:
        """A connection begins: each is tested for it."""
        self._all(now_ns, Cause.CONNECT)

    def ask(self, now_ns: int) -> tuple[UntestedFace, ...]:
        """Somebody wants to arm: those that cannot be relied on. A press tests them from now on."""
        self._all(now_ns, Cause.ASK)
        return tuple(
            UntestedFace(name, *_why_not(face.state))
            for name, face in self._faces.items()
            if face.state.is_down or not face.state.is_tested
        )

    def heard(self, sign: FaceSign) -> None:
        """One of them was pressed, let go, lost, or is back."""
        self._take(self._faces[sign.name], sign.at_ns, sign.cause, sign.why)

    def look(self, now_ns: int, *, stopping: bool) -> None:
        """In each turn of the main loop; `stopping`: a zero is commanded and not yet verified."""
        for face in self._faces.values():
            silent = face.polls.are_silent(now_ns, face.thread.polls) and face.thread.is_open
            if silent and not face.fell_silent:
                self._take(face, now_ns, Cause.LOSE, _SILENT)
            elif face.fell_silent and not silent and face.thread.is_open:
                self._take(face, now_ns, Cause.BACK)
            face.fell_silent = silent
            if not stopping:
                self._take(face, now_ns, Cause.ZERO)

    def _all(self, now_ns: int, cause: Cause) -> None:
        for face in self._faces.values():
            self._take(face, now_ns, cause)

    def _take(self, face: _Face, now_ns: int, cause: Cause, why: str = "") -> None:
        name = face.thread.name
        was_lost = face.state.phase is Phase.LOST
        for deed in face.state.take(now_ns, cause):
            match deed:
                case Deed.STOP if cause is Cause.LOSE:
                    self._stop(
                        StopAsked(f"stop face {name} is lost: {why}", code=Code.STOP_FACE_GONE)
                    )
                case Deed.STOP:
                    self._stop(
                        StopAsked(pressed(name), by_person=True, code=Code.STOP_FACE_PRESSED)
                    )
                case Deed.TESTED:
                    self._notify(StopFaceTested(name))
                case Deed.LOST:
                    self._notify(StopFaceLost(name))
        if was_lost and face.state.phase is not Phase.LOST:
            self._tell(StopFace(name, "back"))


def _why_not(state: StopFaceState) -> tuple[str, str]:
    """Why it cannot be relied on, and what to do."""
    if state.phase is Phase.LOST:
        return "is lost", "plug it in again, then press it once and let go"
    if state.phase is Phase.RELEASED:
        return "is being tested", "wait until zero is verified"
    if state.is_down:
        return "is held down", "let go of it, then press it once and let go"
    return "has not been tried in this session", "press it once and let go"


def stop_faces_of(
    names: Iterable[StopFaceName], device: str, post: Callable[[FaceSign], None]
) -> StopFaces:
    """The real ones. Raises `NoDeviceError` or `PortBusyError` for one that cannot be opened."""
    return StopFaces({str(one): partial(open_reader, one, device) for one in names}, post)


def no_stop_faces() -> StopFaces:
    """For a session that has none."""
    return StopFaces({}, lambda _sign: None)
