"""The supervisor's third door: a socket that takes samples of inputs, and nothing else (K16).

Its file has mode 0600 and a name of its own each time. Whoever connects says the token first, which
counts once; all others are let go. What a line holds is checked, and reaches the engine through the
inbox, where it overtakes nothing.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from stimctl.session.facts import InputSample
from stimctl.supervisor.peer import is_trusted
from stimctl.supervisor.runtime_folders import runtime_folder

LONGEST_BYTES = 256
SIM = "sim"
_SOURCES = frozenset({"line", "udp", "lsl", SIM})
"""No key: a press is a face's to tell, and nobody outside may say that no heartbeat is needed."""
_TOKEN_WITHIN_S = 2.0


class InputSocket:
    """Listens until somebody with the token has come; then reads that one until it ends."""

    def __init__(self, put: Callable[[InputSample], None], simulated: Callable[[], bool]) -> None:
        """`simulated`: whether made-up sensors may switch the device on the line."""
        self._put = put
        self._simulated = simulated
        self.path = runtime_folder() / f"inputs-{secrets.token_hex(8)}.sock"
        self.token = secrets.token_hex(16)
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            self._server.bind(os.fspath(self.path))
            self._server.listen(4)
        finally:
            os.umask(mask)
        self._thread = threading.Thread(target=self._run, name="input-socket", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whoever came has gone: the token is used up, and nobody else comes in here."""
        return not self._thread.is_alive()

    def told(self) -> Mapping[str, Any]:
        """Where it is, and its token, for the face that starts the process of the inputs."""
        return {"path": os.fspath(self.path), "token": self.token}

    def _run(self) -> None:
        line = None
        while line is None:
            try:
                asked, _ = self._server.accept()
            except OSError:
                return
            line = self._let_in(asked)
        self._server.close()  # the token has been used
        with contextlib.suppress(OSError):
            self.path.unlink()
        with line:
            self._read(line)

    def _let_in(self, asked: socket.socket) -> socket.socket | None:
        """Whoever says the token; all others are let go."""
        asked.settimeout(_TOKEN_WITHIN_S)
        with contextlib.suppress(OSError):
            wanted = self.token.encode() + b"\n"
            said = b""
            while len(said) < len(wanted) and (more := asked.recv(len(wanted) - len(said))):
                said += more
            if is_trusted(asked) and hmac.compare_digest(said, wanted):
                asked.settimeout(None)
                return asked
        asked.close()
        return None

    def _read(self, line: socket.socket) -> None:
        heard = b""
        while True:
            try:
                data = line.recv(4_096)
            except OSError:
                return
            if not data:
                return
            now_ns = time.monotonic_ns()
            *rows, heard = (heard + data).split(b"\n")
            heard = b"" if len(heard) > LONGEST_BYTES else heard
            for row in rows:
                sample = sample_of(row, now_ns)
                if sample is not None and (sample.source != SIM or self._simulated()):
                    self._put(sample)


def sample_of(row: bytes, now_ns: int | None = None) -> InputSample | None:
    """What a line says that was read now; None where it is no sample.

    `at_ns` of a line: when the process of the inputs got it, by the clock that both have. It can
    only make a sample older.
    """
    if len(row) > LONGEST_BYTES:
        return None
    try:
        said = json.loads(row)
        name, seq, source = said["input"], said["seq"], said["source"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    value, age_us = said.get("value"), said.get("age_us", 0)
    plain = type(name) is type(source) is str and type(seq) is type(age_us) is int
    if not plain or source not in _SOURCES or type(value) not in (int, float, type(None)):
        return None
    beat = said.get("beat") is True
    at_ns = said.get("at_ns")
    if now_ns is not None and type(at_ns) is int:
        now_ns = min(now_ns, at_ns)
    return InputSample(name, seq, value, beat=beat, age_us=age_us, source=source,
                       arrived_ns=now_ns)  # fmt: skip
