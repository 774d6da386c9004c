"""A supervisor in this process, a twin on a real line, and stop faces that a test presses."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

from firmware_sim.ledger import Ledger
from firmware_sim.process import TwinProcess
from stimctl.devices.family import family_row
from stimctl.errors import LinkError, NoDeviceError, StimctlError
from stimctl.records.protocol_files import read_protocol
from stimctl.session.config import EngineConfig
from stimctl.session.facts import FaceAlive
from stimctl.supervisor.control_socket import ControlSocket
from stimctl.supervisor.face_input import item_of
from stimctl.supervisor.families import family_named
from stimctl.supervisor.inbox import Inbox, Leave
from stimctl.supervisor.line import DeviceLine
from stimctl.supervisor.options import Options
from stimctl.supervisor.output import FaceOutput
from stimctl.supervisor.port import open_port
from stimctl.supervisor.process import Supervisor
from stimctl.supervisor.stop_face_events import Sign
from stimctl.supervisor.stop_faces import StopFaces
from stimctl.supervisor.wire_errors import decode_error

PATIENCE_S = 30.0
Row = Mapping[str, Any]


class HandFace:
    """A reader of a stop face whose signs a test gives."""

    def __init__(self) -> None:
        self.what = "made by hand 0000:0000"
        self.absent = self.hangs = False
        self._lost = ""
        self._signs: list[Sign] = []
        self._changed = threading.Condition()

    def open(self) -> Self:
        if self.absent:
            raise NoDeviceError("it is not there")
        self._lost = ""
        return self

    def give(self, *signs: Sign) -> int:
        """Signs for the next read; returns the time (CLOCK_MONOTONIC)."""
        with self._changed:
            self._signs += signs
            self._changed.notify()
            return time.monotonic_ns()

    def tap(self, held_s: float = 0.06) -> int:
        """One press, long enough for a test."""
        at_ns = self.give(Sign.DOWN)
        time.sleep(held_s)
        self.give(Sign.UP)
        return at_ns

    def lose(self, why: str = "no such device") -> int:
        with self._changed:
            self.absent, self._lost = True, why
            self._changed.notify()
            return time.monotonic_ns()

    def hang(self) -> int:
        """Its calls return no more."""
        self.hangs = True
        return time.monotonic_ns()

    def read(self, timeout_s: float) -> Sequence[Sign]:
        while self.hangs:
            time.sleep(0.01)
        with self._changed:
            if not self._signs and not self._lost:
                self._changed.wait(min(timeout_s, 0.01))
            if self._lost:
                raise LinkError("lost", why=self._lost)
            signs, self._signs = self._signs, []
            return signs

    def close(self) -> None:
        self.hangs = False


class Session:
    """One session; a context manager that ends it. `rows` are what its face is told."""

    def __init__(self, folder: Path, twin: TwinProcess, faces: Mapping[str, HandFace]) -> None:
        self.faces, self.twin, self.journal = faces, twin, folder / "journal"
        self.rows: list[Row] = []
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._number = 0
        reading, writing = os.pipe()
        self._output = FaceOutput(writing)
        self._writing, self._reading = writing, reading
        self._inbox = inbox = Inbox()
        opener = partial(open_port, twin.url, family_row("p24").lines)
        self._line = DeviceLine(opener(), opener, inbox)
        self._control = ControlSocket(folder / "c.sock", inbox)
        config = EngineConfig(watchdog_test=False, attended_by_prompt=False)
        options = Options(
            device=f"p24:{twin.url}", address=twin.url, sim=False, state_folder=folder,
            journal_folder=self.journal, person="K-17", config=config,
        )  # fmt: skip
        self.stop_faces = StopFaces({name: one.open for name, one in faces.items()}, inbox.put)
        self._supervisor = Supervisor(
            options, family_named("p24"), self._line, inbox, self._output, self._control,
            stop_faces=self.stop_faces,
        )  # fmt: skip
        self._threads = [
            threading.Thread(target=run, daemon=True)
            for run in (self._supervisor.run, self._read, self._beat)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for face in self.faces.values():
            face.hangs = False
        self._inbox.put(Leave("the program was closed", 0))
        self._threads[0].join(PATIENCE_S)
        self._over.set()
        os.close(self._writing)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        os.close(self._reading)
        self.stop_faces.close()
        self._control.close()
        self._line.drop()

    def _read(self) -> None:
        with os.fdopen(os.dup(self._reading), "rb") as lines:
            for line in lines:
                with self._changed:
                    self.rows.append(json.loads(line))
                    self._changed.notify_all()

    def _beat(self) -> None:
        while not self._over.wait(0.05):
            self._inbox.put(FaceAlive())

    # -- what the face does and is told

    def ask(self, do: str, **fields: object) -> Row:
        """A command, and its answer. Raises the error it was refused with."""
        self._number += 1
        said = {"do": do, "id": self._number, **fields}
        self._inbox.put(item_of(json.dumps(said).encode()))
        answer = self.wait_for("answer", id=self._number)
        if not answer["ok"]:
            raise decode_error(answer["error"])
        return answer

    def wait_for(self, kind: str, since: int = 0, **fields: object) -> Row:
        """The first row of that kind with these fields, from the row numbered `since` on."""
        wanted = {"kind": kind, **fields}

        def found() -> Row | None:
            return next((row for row in self.rows[since:] if wanted.items() <= row.items()), None)

        with self._changed:
            assert self._changed.wait_for(lambda: found() is not None, PATIENCE_S), self.rows[-8:]
            row = found()
            assert row is not None
            return row

    @property
    def state(self) -> str:
        return str([row for row in self.rows if row["kind"] == "state"][-1]["state"])

    def told(self, kind: str, field: str) -> list[Any]:
        return [row[field] for row in self.rows if row["kind"] == kind and field in row]

    # -- on the way to output

    def checked(self) -> Self:
        text = read_protocol("tens-conventional")
        self.ask("load", path=str(text.path.resolve()), sha256=text.sha256)
        self.ask("channel", channel=1, level="3 mA", area="25 cm2")
        self.ask("compile")
        self.ask("connect")
        self.wait_for("state", state="checked")
        return self

    def let_go(self) -> None:
        """Until it has been heard that nothing is pressed any more."""
        give_up = time.monotonic() + PATIENCE_S
        while any(face.state.is_down for face in self.stop_faces._faces.values()):
            assert time.monotonic() < give_up
            time.sleep(0.01)

    def refused(self) -> StimctlError:
        """What `arm` is refused with."""
        try:
            self.ask("arm")
        except StimctlError as error:
            return error
        raise AssertionError("it was armed")

    def tested(self) -> Self:
        """Every stop face has been asked for and pressed once."""
        self.refused()
        for name, face in self.faces.items():
            face.tap()
            self.wait_for("stop_face", name=name, state="tested")
        return self

    def running(self) -> Self:
        """Output on, raised twice."""
        self.ask("arm")
        self.wait_for("state", state="armed")
        self.ask("start")
        self.wait_for("state", state="running")
        for amplitude, ua in (("0.5 mA", 500), ("1 mA", 1000)):
            self.raised(amplitude)
            self.wait_for("set", level=ua)
        return self

    def raised(self, amplitude: str) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while True:
            newest = max((row["seq"] for row in self.rows if "seq" in row), default=0)
            try:
                self.ask("raise", channel=1, level=amplitude, since=newest)
            except StimctlError:
                assert time.monotonic() < give_up, self.rows[-5:]
                time.sleep(0.05)
            else:
                self.twin.wait_for(lambda rows: Ledger(rows).running)
                return

    # -- the twin's own record

    def zero_after_ms(self, since_ns: int) -> float:
        """Milliseconds from then to the last current at any electrode."""
        self.twin.wait_for(lambda rows: not Ledger(rows).running)
        ledger = self.twin.ledger()
        assert ledger.last_output_us is not None
        return (ledger.monotonic_us(ledger.last_output_us) * 1000 - since_ns) / 1e6


Begin = Callable[..., Session]
