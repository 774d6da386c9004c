"""The process of the inputs, as the face has it that starts it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from stimctl.inputs.__main__ import first_line
from stimctl.inputs.bindings import Binding

_END_WITHIN_S = 2.0


class InputsProcess:
    """Starts `python -m stimctl.inputs`; it ends with its stdin, and so with this process."""

    def __init__(self, told: Mapping[str, Any], bindings: tuple[Binding, ...]) -> None:
        """`told`: what the supervisor says of its socket."""
        command = [sys.executable, "-P", "-m", "stimctl.inputs"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(first_line(told["path"], told["token"], bindings))
            self._process.stdin.flush()

    @property
    def ended(self) -> str | None:
        """Its last words where it has ended; None while it runs."""
        if self._process.poll() is None:
            return None
        assert self._process.stderr is not None
        return self._process.stderr.read().decode(errors="replace").strip() or "it has ended"

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
