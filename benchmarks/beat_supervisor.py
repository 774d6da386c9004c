"""The supervisor of `bench_beats`: the real one, which also notes when it has heard each beat.

The times go to the file that STIMCTL_BENCH_BEATS names: 8 bytes each, CLOCK_MONOTONIC in ns.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from typing import Any

from stimctl.session.facts import FaceAlive
from stimctl.supervisor.process import Supervisor
from stimctl.supervisor.serve import main


def _watch_beats(path: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    os.write(fd, bytes(8))  # a break: the beats of another session follow
    handle = Supervisor._handle

    def noting(self: Supervisor, now: int, item: Any) -> None:
        if isinstance(item, FaceAlive):
            os.write(fd, struct.pack("<q", time.monotonic_ns()))
        handle(self, now, item)

    Supervisor._handle = noting  # type: ignore[method-assign]


if __name__ == "__main__":
    _watch_beats(os.environ["STIMCTL_BENCH_BEATS"])
    code = main(sys.argv[1:])
    os._exit(code)
