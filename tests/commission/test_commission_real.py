"""A commissioning by real processes: the supervisor's list, and a host that is killed for real."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware_sim.ledger import Ledger
from firmware_sim.scope import Answerer
from stimctl.commission.results import Verdict
from stimctl.commission.run import Answers, commission
from stimctl.commission.session_rig import Bench, BenchDevice, load_setting
from stimctl.commission.settings import Setting
from stimctl.errors import IntegrityError, NotReadyError
from stimctl.records.captures import Kind, read_capture
from stimctl.records.commissioning import (
    check_evidence,
    check_sessions,
    newest_commissioning,
    read_commissioning,
)
from stimctl.session.commissioning import NOBODY
from stimctl.session.needs import Need
from stimctl.supervisor.families import family_named

pytestmark = [pytest.mark.pty, pytest.mark.clock]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(folder))
    monkeypatch.setenv("STIMCTL_TWIN_OPTIONS", "--wiretap --load 1000")
    return folder


@pytest.fixture
def readings(tmp_path: Path) -> Iterator[Path]:
    """A folder whose requests are answered from the twin's record, as an oscilloscope would."""
    folder = tmp_path / "readings"
    folder.mkdir()
    scope = Answerer(Path(os.environ["STIMCTL_TWIN_RECORD"]), folder, 1_000)
    over = threading.Event()

    def answer() -> None:
        while not over.wait(0.05):
            scope.look()

    thread = threading.Thread(target=answer)
    thread.start()
    yield folder
    over.set()
    thread.join()


@pytest.mark.hazard("H78")
def test_a_bench_session_is_armed_only_when_all_of_its_list_is_said(
    state: Path, tmp_path: Path
) -> None:
    bench = Bench("sim:p24", 1_000, NOBODY, tmp_path / "bench")
    with BenchDevice(bench) as session:
        left = [Need.NOBODY_CONNECTED, Need.LOAD_VALUE, Need.STOP_TRIED]
        load_setting(session, bench, family_named("p24").sheet, Setting(1, 4_000))
        says: list[Callable[[], object]] = [
            lambda: session._ask("prepare", nobody=NOBODY),
            lambda: session._ask("prepare", load_ohm=1_000),
            session.try_stop,
        ]
        for say in says:
            with pytest.raises(NotReadyError) as refused:
                session.arm()
            assert refused.value.needs == tuple(one.value for one in left)
            say()
            left.pop(0)
        session.arm()
    records = list(Path(os.environ["STIMCTL_TWIN_RECORD"]).glob("*.jsonl"))
    assert not any(Ledger.from_file(one).channels for one in records)


@pytest.mark.broad
@pytest.mark.hazard("H78", "H03")
def test_stop_and_death_of_the_host_are_measured_captured_and_signed(
    state: Path, readings: Path
) -> None:
    steps = ("identity", "line", "watchdog", "stop", "host-kill")
    answers = Answers("sim:p24", 1_000, NOBODY, readings=readings, only=steps)
    done = commission(answers, question=str, say=lambda _: None, tell=lambda _: None)
    assert {one.verdict for one in done.results} == {Verdict.PASSED, Verdict.NOT_APPLICABLE}
    assert not done.passed, "a run of single steps is not a commissioning"

    signed = read_commissioning(done.path, state)
    assert signed.sound
    told = signed.told
    assert told["simulation"] is True
    assert len(told["sessions"]) == 2
    check_sessions(state / "journal", signed)
    check_evidence(done.path, signed)
    captures = [one["name"] for one in told["evidence"] if one["kind"] == "capture"]
    folder = done.path.with_suffix("")
    for name in captures:
        capture = read_capture(folder / name, cut_ok=True)
        assert any(capture.of(Kind.SENT))
        assert any(capture.of(Kind.RECEIVED))
    assert len(captures) == 2
    assert {"recordings/stop.csv", "recordings/host-kill.csv"} <= {
        one["name"] for one in told["evidence"]
    }
    assert newest_commissioning(state, (signed.name,)) is None, "a twin is no device"
    with (folder / captures[0]).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(IntegrityError):
        check_evidence(done.path, signed)
