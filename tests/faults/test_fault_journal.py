"""A journal that fails at its n-th call, for every n of a session: nothing goes on without it.

The session runs on the virtual bench with the real journal writer, on files that can fail. What a
writer alone does when a call fails is tested with the records.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from stimctl.bench import Bench, BenchJournal
from stimctl.errors import JournalError, LimitRefusedError, StateError
from stimctl.records.journal import Clocks, Header, JournalWriter
from stimctl.records.rows import Row
from stimctl.records.storage import LocalFileSystem
from stimctl.records.verify import read_rows, verify_journal
from stimctl.session.config import MS, SECOND
from stimctl.session.events import Kind, SessionEvent
from stimctl.session.facts import JournalDurable, JournalFailed
from stimctl.session.intents import Arm, Close, Connect, Intent, LoadPlan, Raise, Start, Stop
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT, Level
from stimctl.supervisor.journal_thread import Entry, JournalThread
from tests.support.session_world import BY_HAND, STEP_UA, plan_of

HEADER = Header(device="sim:p24", sim=True, stimctl="0", python="3")
ENOUGH = 10_000
ZERO_WITHIN_MS = 5


class FailingFiles(LocalFileSystem):
    """Real files whose n-th write or sync fails; everything after it too, as on a full disk."""

    def __init__(self, fail_at: int, number: int) -> None:
        self.calls = 0
        self._fail_at = fail_at
        self._number = number

    def _count(self) -> None:
        self.calls += 1
        if self.calls >= self._fail_at:
            raise OSError(self._number, os.strerror(self._number))

    def write(self, descriptor: int, data: bytes) -> int:
        self._count()
        return super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._count()


@dataclass
class FileJournal(BenchJournal):
    """A bench journal that writes a real file; `failed_ns`: when that ceased to work."""

    writer: JournalWriter | None = None
    on_disk: list[int] = field(default_factory=list)
    failed_ns: int | None = None
    reason: str = ""

    def take(self, now_ns: int, events: list[SessionEvent]) -> None:
        assert self.writer is not None
        if self.failed_ns is not None:
            return
        try:
            for event in events:
                self.writer.append(event.kind.value, event.as_dict())
            if any(event.durable for event in events):
                self.writer.sync()
        except JournalError as error:
            self.failed_ns, self.reason, self.delay_ns = now_ns, str(error), None
            return
        self.on_disk += [event.seq for event in events if event.durable]
        super().take(now_ns, events)


class Session:
    """One treatment from connection to close, told at once when its journal fails."""

    def __init__(self, folder: Path, fail_at: int, number: int = errno.EIO) -> None:
        self.files = FailingFiles(fail_at, number)
        ticks = count(1)
        clocks = Clocks(lambda: next(ticks) * SECOND, lambda: next(ticks))
        writer = JournalWriter.open_session(folder, HEADER, clocks=clocks, files=self.files)
        self.path = writer.path
        self.journal = FileJournal(writer=writer)
        self.bench = Bench(BY_HAND, journal=self.journal, family="p24")
        self._told = False

    def play(self) -> Session:
        self._do(Connect(), 2 * SECOND)
        self._do(LoadPlan(plan_of("tens-conventional", 3_000, duration_s=40)), SECOND)
        self._do(Arm(), SECOND)
        self._do(Start(), SECOND)
        for step in range(1, 4):
            self._do(Raise(1, Level(CURRENT, step * STEP_UA)), 300 * MS)
        self._wait(3 * SECOND)
        self._do(Stop(), SECOND)
        self._do(Close(), SECOND)
        assert self.journal.writer is not None
        self.journal.writer.abandon()
        return self

    def _do(self, intent: Intent, for_ns: int) -> None:
        with suppress(StateError, LimitRefusedError):
            self.bench.command(intent)
        self._wait(for_ns)

    def _wait(self, for_ns: int) -> None:
        journal, bench = self.journal, self.bench
        end_ns = bench.now_ns + for_ns
        bench.run_until(lambda: journal.failed_ns is not None and not self._told, end_ns)
        if journal.failed_ns is not None and not self._told:
            self._told = True
            bench.notify(JournalFailed(journal.reason))
        bench.run_for(max(0, end_ns - bench.now_ns))


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many writes and syncs a whole session makes."""
    whole = Session(tmp_path_factory.mktemp("whole"), ENOUGH).play()
    assert whole.bench.state is State.CLOSED
    assert whole.bench.ledger()[1].pulses > 100
    return whole.files.calls


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
@pytest.mark.hazard("H36")
def test_whichever_write_or_sync_fails_the_session_ends_at_zero_and_the_loss_is_found(
    calls: int, number: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    for fail_at in range(1, calls + 1):
        folder = tmp_path / str(fail_at)
        try:
            session = Session(folder, fail_at, number)
        except JournalError:
            assert fail_at <= 2, "only the header keeps a session from beginning"
            continue
        session.play()
        _ended_at_zero(session)
        _loss_is_found(session)
    record_property(
        "H36", f"each of the {calls} writes and syncs of a session was the first to fail"
    )


def _ended_at_zero(session: Session) -> None:
    bench, failed_ns = session.bench, session.journal.failed_ns
    assert failed_ns is not None
    assert bench.state in (State.FAULT, State.STOPPED, State.CLOSED)
    assert not bench.twin.stimulating
    last_us = bench.ledger().last_output_us
    assert last_us is None or last_us <= failed_ns // 1_000 + ZERO_WITHIN_MS * 1_000
    late = [one for one in bench.told(Kind.START) if one.at_ns > failed_ns]
    assert late == [], "a start without a journal"


def _loss_is_found(session: Session) -> None:
    verification = verify_journal(session.path)
    assert not verification.ok
    rows = [row for row in read_rows(session.path) if isinstance(row, Row)]
    readable = {row.data["seq"] for row in rows if "seq" in row.data}
    assert set(session.journal.on_disk) <= readable


@pytest.mark.broad
def test_a_cut_at_every_byte_of_a_whole_session_is_found(tmp_path: Path) -> None:
    session = Session(tmp_path, ENOUGH).play()
    whole = session.path.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == 0x0A]
    for length in range(len(whole)):
        session.path.write_bytes(whole[:length])
        verification = verify_journal(session.path)
        assert not verification.ok
        assert verification.rows == sum(end <= length for end in ends)


@pytest.mark.hazard("H36", "H55")
def test_a_sync_of_three_seconds_delays_no_stop() -> None:
    bench = Bench(BY_HAND, family="p24")
    for intent, for_ns in ((Connect(), 2), (LoadPlan(plan_of()), 1), (Arm(), 1), (Start(), 1)):
        bench.command(intent)
        bench.run_for(for_ns * SECOND)
    bench.command(Raise(1, Level(CURRENT, STEP_UA)))
    bench.run_for(SECOND)
    assert bench.ledger()[1].pulses
    bench.journal.delay_ns = 3 * SECOND
    bench.run_for(200 * MS)
    stopped_us = bench.now_ns // 1_000
    bench.command(Stop())
    bench.run_for(SECOND)
    assert bench.state is State.STOPPED
    last_us = bench.ledger().last_output_us
    assert last_us is not None
    assert last_us <= stopped_us + ZERO_WITHIN_MS * 1_000


@pytest.mark.hazard("H36")
def test_a_sync_of_three_seconds_keeps_a_session_from_starting() -> None:
    bench = Bench(BY_HAND, family="p24")
    for intent in (Connect(), LoadPlan(plan_of())):
        bench.command(intent)
        bench.run_for(2 * SECOND)
    bench.journal.delay_ns = 3 * SECOND
    bench.command(Arm())
    bench.run_for(SECOND)
    bench.command(Start())
    bench.run_for(5 * SECOND)
    assert bench.ledger().last_output_us is None
    assert bench.state is not State.RUNNING


class HangingFiles(LocalFileSystem):
    """A disk that does not answer a sync until it is let go."""

    def __init__(self) -> None:
        self.hangs = threading.Event()
        self.let_go = threading.Event()
        self.hanging = False

    def sync(self, descriptor: int) -> None:
        if self.hanging:
            self.hangs.set()
            assert self.let_go.wait(30)


@pytest.fixture
def disk() -> Iterator[HangingFiles]:
    made = HangingFiles()
    yield made
    made.let_go.set()


@pytest.mark.clock
@pytest.mark.hazard("H36", "H55")
def test_a_disk_that_hangs_holds_up_neither_the_supervisor_nor_its_end(
    disk: HangingFiles, tmp_path: Path
) -> None:
    facts: list[object] = []
    writer = JournalWriter.open_session(tmp_path, HEADER, files=disk)
    thread = JournalThread(writer, HEADER.as_dict(writer.session), facts.append)
    disk.hanging = True
    thread.put(Entry("raise", {"seq": 1}, 1, durable=True))
    assert disk.hangs.wait(10)
    thread.put(Entry("stopping", {"seq": 2}, 2, durable=True))  # returns at once
    assert facts == [], "nothing is called durable that is not"
    assert thread.finish({"outcome": "stopped"}, 0.05) == "the disk does not answer"
    disk.let_go.set()
    thread._thread.join(10)
    assert JournalDurable(1) in facts or JournalDurable(2) in facts
    writer.abandon()
