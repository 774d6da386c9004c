"""Another process that holds the lock of a port."""

from __future__ import annotations

import subprocess
import sys


def holding_process(address: str, program: str = "supervisor") -> subprocess.Popen[str]:
    code = (
        "import sys, time\n"
        "from stimctl.supervisor.locks import PortLock\n"
        f"lock = PortLock({address!r}, {program!r})\n"
        "lock.acquire()\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def finish(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
