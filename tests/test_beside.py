"""`make test` runs what computes beside what waits: tools/beside.py joins the two."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

TOOL = ROOT / "tools" / "beside.py"
PROGRESS = "print('.' * 20 + ' [ 50%]'); print('5 passed')"


def beside(log: Path, behind: str, front: str) -> list[str]:
    return [sys.executable, str(TOOL), str(log), *(program(one) for one in (behind, front))]


def program(code: str) -> str:
    return f'"{sys.executable}" -c "{code}"'


@pytest.mark.parametrize(("behind", "front", "code"), [(0, 0, 0), (3, 0, 3), (0, 4, 4), (3, 4, 3)])
def test_either_failure_is_the_failure_of_both(
    tmp_path: Path, behind: int, front: int, code: int
) -> None:
    log = tmp_path / "log"
    command = beside(log, f"{PROGRESS}; raise SystemExit({behind})", f"raise SystemExit({front})")
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == code
    assert "5 passed" in ended.stdout
    # The whole log is there to find the failure in.
    assert ("[ 50%]" in ended.stdout) is bool(behind)


def test_the_one_beside_has_only_what_is_left(tmp_path: Path) -> None:
    told = "import os; print(getattr(os, 'sched_getscheduler', lambda _: -1)(0), os.nice(0))"
    log = tmp_path / "log"
    ended = subprocess.run(beside(log, told, told), capture_output=True, text=True, check=True)
    front, behind = ended.stdout.splitlines()[0].split(), log.read_text().split()
    assert behind[0] == str(getattr(os, "SCHED_IDLE", "-")) or int(behind[1]) >= 19
    assert front == [str(getattr(os, "sched_getscheduler", lambda _: -1)(0)), str(os.nice(0))]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_both(tmp_path: Path, number: signal.Signals) -> None:
    """Each of the two holds a pipe open: it reads as ended when neither is left."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    waits = (
        f"import signal; signal.signal({int(number)}, signal.SIG_DFL); "
        f"out = open('{pipe}', 'wb', 0); out.write(b'x'); signal.pause()"
    )
    process = subprocess.Popen(
        beside(tmp_path / "log", waits, waits),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    with pipe.open("rb", buffering=0) as both:
        said = b""
        while said != b"xx":  # nothing is read while one has not opened it yet
            said += both.read(1)
        # A terminal sends Ctrl-C to all of its group.
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        assert both.read() == b""
    assert process.wait() == 128 + number
