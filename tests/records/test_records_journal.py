"""Journal files: what was acknowledged as durable is there, whatever fails and whenever."""

from __future__ import annotations

import errno
import itertools
import json
import os
import stat
import threading
from pathlib import Path

import pytest

from stimctl.errors import JournalError
from stimctl.records.journal import Clocks, Header, JournalWriter
from stimctl.records.rows import FIRST_PREVIOUS, digest_of
from stimctl.records.storage import LocalFileSystem
from stimctl.records.verify import Finding, Problem, read_rows, verify_journal

WALL_NS = 1_795_257_062_114_000_000
HEADER = Header(
    device="sim:p24",
    sim=True,
    stimctl="0.1.0",
    python="3.11.7",
    limits_digest="a" * 64,
    protocol="tens-conventional",
    protocol_sha256="b" * 64,
    person="K-17",
)


def clocks() -> Clocks:
    wall, mono = itertools.count(WALL_NS, 1_000_000), itertools.count(5, 1_000_000)
    return Clocks(lambda: next(wall), lambda: next(mono))


class RiggedFileSystem(LocalFileSystem):
    """Fails at its n-th call, and remembers what a power cut at that moment would leave."""

    def __init__(self, fail_at: int = 0, failure: str = "EIO") -> None:
        self.calls = 0
        self.fail_at = fail_at
        self.failure = failure
        self.safe_bytes = 0
        self.written_bytes = 0

    def _count(self) -> None:
        self.calls += 1
        if self.calls == self.fail_at and self.failure != "short":
            number = getattr(errno, self.failure)
            raise OSError(number, os.strerror(number))

    def make_folder(self, folder: Path) -> None:
        self._count()
        super().make_folder(folder)

    def create(self, path: Path) -> int:
        self._count()
        return super().create(path)

    def write(self, descriptor: int, data: bytes) -> int:
        self._count()
        if self.calls == self.fail_at:
            data = data[: len(data) // 2]
        taken = super().write(descriptor, data)
        self.written_bytes += taken
        return taken

    def sync(self, descriptor: int) -> None:
        self._count()
        self.safe_bytes = self.written_bytes

    def sync_folder(self, folder: Path) -> None:
        self._count()

    def close(self, descriptor: int) -> None:
        super().close(descriptor)  # a descriptor is gone even where close reports an error
        self._count()


def record_session(folder: Path, files: RiggedFileSystem, durable: list[int]) -> None:
    """A small session; every row it was told is durable goes into `durable`."""
    writer = JournalWriter.open_session(folder, HEADER, clocks=clocks(), files=files)
    try:
        durable.append(writer.durable_seq)
        for number in range(4):
            writer.append("telemetry", {"n": number})
            durable.append(writer.append("raise", {"channel": 1, "ua": 500}, durable=True))
        writer.append("telemetry", {"n": 99})
        writer.end({"outcome": "done"})
        durable.append(writer.anchor.rows - 1)
    finally:
        writer.abandon()


def rows_in(path: Path) -> list[int]:
    return [item.seq for item in read_rows(path) if not isinstance(item, Problem)]


@pytest.mark.hazard("H17", "H51")
def test_a_row_carries_its_number_its_times_and_the_hash_of_the_row_before(tmp_path: Path) -> None:
    writer = JournalWriter.open_session(tmp_path, HEADER, clocks=clocks())
    assert writer.append("ack", {"channel": 1, "ua": 500}) == 1
    writer.end({"outcome": "done"})
    lines = writer.path.read_bytes().splitlines(keepends=True)
    first, second, third = (json.loads(line) for line in lines)
    assert (first["prev"], second["prev"], third["prev"]) == (
        FIRST_PREVIOUS,
        digest_of(lines[0]),
        digest_of(lines[1]),
    )
    assert [row["seq"] for row in (first, second, third)] == [0, 1, 2]
    assert first["kind"] == "header"
    assert first["t"] == "2026-11-21T10:31:02.115000000Z"
    assert second["mono_ns"] == 1_000_005
    assert second["data"] == {"channel": 1, "ua": 500}
    assert third["kind"] == "end"


@pytest.mark.hazard("H40", "H51", "H54")
def test_the_header_names_schema_versions_device_digests_and_simulation(tmp_path: Path) -> None:
    writer = JournalWriter.open_session(tmp_path, HEADER, clocks=clocks())
    writer.end({})
    header = json.loads(writer.path.read_bytes().splitlines()[0])["data"]
    assert next(iter(header)) == "schema"
    assert header["schema"] == "stimctl.journal/2"
    assert header["session"] == writer.session
    assert header["sim"] is True
    assert (header["device"], header["person"]) == ("sim:p24", "K-17")
    assert (header["limits_digest"], header["protocol_sha256"]) == ("a" * 64, "b" * 64)


def test_names_of_two_sessions_of_one_second_are_in_the_order_they_began(tmp_path: Path) -> None:
    times = iter(range(114_000_000, 900_000_000, 1_000))
    tokens = iter(("ffffffff", "00000000"))
    moving = Clocks(wall_ns=lambda: next(times), mono_ns=lambda: 0)
    first, second = (
        JournalWriter.open_session(tmp_path, HEADER, clocks=moving, token=lambda: next(tokens))
        for _ in range(2)
    )
    assert first.session < second.session
    first.abandon()
    second.abandon()


@pytest.mark.hazard("H52")
def test_files_are_for_their_owner_only_and_their_names_hold_no_person(tmp_path: Path) -> None:
    folder = tmp_path / "open" / "journal"
    folder.mkdir(parents=True, mode=0o755)
    writer = JournalWriter.open_session(folder, HEADER, clocks=clocks(), token=lambda: "0a1b2c3d")
    writer.end({})
    assert writer.path.name == "20261121T103102.114000Z-n000001-0a1b2c3d.jsonl"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(writer.path.stat().st_mode) == 0o600


def test_each_row_is_one_write(tmp_path: Path) -> None:
    files = RiggedFileSystem()
    writer = JournalWriter.open_session(tmp_path, HEADER, clocks=clocks(), files=files)
    before = files.calls
    writer.append("telemetry", {"text": "x" * 100_000})
    assert files.calls == before + 1
    writer.end({})


def test_durable_rows_are_acknowledged_after_the_sync_and_not_before(tmp_path: Path) -> None:
    files = RiggedFileSystem()
    writer = JournalWriter.open_session(tmp_path, HEADER, clocks=clocks(), files=files)
    assert writer.durable_seq == 0
    writer.append("telemetry", {})
    assert writer.durable_seq == 0
    assert writer.append("arm", {}, durable=True) == writer.durable_seq == 2
    assert files.safe_bytes == files.written_bytes
    calls = files.calls
    assert writer.sync() == 2
    assert files.calls == calls, "nothing new, nothing to sync"
    writer.end({})


@pytest.mark.hazard("H36")
@pytest.mark.parametrize("failure", ["EIO", "ENOSPC", "EROFS", "short"])
def test_whatever_call_fails_what_was_durable_is_readable_and_the_loss_is_found(
    tmp_path: Path, failure: str
) -> None:
    healthy = RiggedFileSystem()
    record_session(tmp_path / "healthy", healthy, [])
    for fail_at in range(1, healthy.calls + 1):
        folder = tmp_path / str(fail_at)
        files = RiggedFileSystem(fail_at, failure)
        durable: list[int] = []
        if failure == "short" and not _is_write(fail_at):
            continue
        with pytest.raises(JournalError) as caught:
            record_session(folder, files, durable)
        assert caught.value.why
        assert caught.value.what_to_do
        written = list(folder.glob("*.jsonl")) if folder.exists() else []
        if not written:
            assert not durable
            continue
        _check_what_is_left(written[0], files, durable, complete=fail_at == healthy.calls)


def _is_write(call: int) -> bool:
    # make_folder, create, write, sync, sync_folder, then rows; the last call is close.
    return call == 3 or call in {6, 7, 9, 10, 12, 13, 15, 16, 18, 19}


def _check_what_is_left(
    path: Path, files: RiggedFileSystem, durable: list[int], complete: bool
) -> None:
    killed = verify_journal(path)
    assert set(durable) <= set(rows_in(path))
    assert killed.ok or not complete
    # A power cut keeps the synced bytes and any part of the rest.
    data = path.read_bytes()
    for kept in {files.safe_bytes, (files.safe_bytes + len(data)) // 2}:
        copy = path.with_name("power-cut")
        copy.write_bytes(data[:kept])
        assert set(durable) <= set(rows_in(copy))
        if kept < len(data):
            assert not verify_journal(copy).ok


def test_after_a_failure_the_writer_takes_nothing_more(tmp_path: Path) -> None:
    files = RiggedFileSystem()
    writer = JournalWriter.open_session(tmp_path, HEADER, clocks=clocks(), files=files)
    files.fail_at, files.failure = files.calls + 1, "ENOSPC"
    with pytest.raises(JournalError, match="ENOSPC"):
        writer.append("raise", {})
    assert writer.failure is not None
    for attempt in (lambda: writer.append("raise", {}), writer.sync, lambda: writer.end({})):
        with pytest.raises(JournalError, match="takes no more rows"):
            attempt()
    writer.abandon()
    writer.abandon()


def test_a_failed_sync_is_never_tried_again(tmp_path: Path) -> None:
    files = RiggedFileSystem()
    writer = JournalWriter.open_session(tmp_path, HEADER, clocks=clocks(), files=files)
    files.fail_at = files.calls + 2
    with pytest.raises(JournalError, match="synced"):
        writer.append("arm", {}, durable=True)
    assert writer.durable_seq == 0
    with pytest.raises(JournalError):
        writer.sync()
    writer.abandon()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"bytes", object()])
def test_data_that_json_cannot_hold_fails_the_journal_instead_of_being_lost(
    tmp_path: Path, value: object
) -> None:
    writer = JournalWriter.open_session(tmp_path, HEADER, clocks=clocks())
    with pytest.raises(JournalError, match="JSON"):
        writer.append("telemetry", {"value": value})
    assert writer.failure
    writer.abandon()


def test_a_row_over_the_bound_is_refused(tmp_path: Path) -> None:
    writer = JournalWriter.open_session(tmp_path, HEADER, clocks=clocks())
    with pytest.raises(JournalError, match="over 1048576"):
        writer.append("telemetry", {"text": "x" * (1 << 20)})
    writer.abandon()


def test_a_clock_out_of_every_calendar_is_an_error_of_the_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError):
        JournalWriter.open_session(
            tmp_path, HEADER, clocks=Clocks(iter([0, 10**30]).__next__, lambda: 0)
        )


def test_nothing_follows_the_closing_row(tmp_path: Path) -> None:
    writer = JournalWriter.open_session(tmp_path, HEADER, clocks=clocks())
    writer.end({"outcome": "done"})
    with pytest.raises(JournalError, match="closing row"):
        writer.append("telemetry", {})


def test_a_name_that_is_taken_is_not_overwritten(tmp_path: Path) -> None:
    tokens = iter(["aaaaaaaa", "aaaaaaaa", "bbbbbbbb"])
    fixed = Clocks(lambda: WALL_NS, lambda: 0)
    first = JournalWriter.open_session(
        tmp_path, HEADER, clocks=fixed, number=lambda _folder: 1, token=lambda: next(tokens)
    )
    second = JournalWriter.open_session(
        tmp_path, HEADER, clocks=fixed, number=lambda _folder: 1, token=lambda: next(tokens)
    )
    assert first.path != second.path
    with pytest.raises(JournalError, match="no free name"):
        JournalWriter.open_session(
            tmp_path, HEADER, clocks=fixed, number=lambda _folder: 1, token=lambda: "aaaaaaaa"
        )
    first.end({})
    second.end({})


def test_a_folder_that_cannot_be_made_is_a_journal_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(JournalError, match="no journal can be started"):
        JournalWriter.open_session(tmp_path / "file" / "journal", HEADER)


def test_rows_from_several_threads_form_one_chain(tmp_path: Path) -> None:
    writer = JournalWriter.open_session(tmp_path, HEADER)

    def work(name: int) -> None:
        for number in range(50):
            writer.append("telemetry", {"thread": name, "n": number}, durable=number % 25 == 0)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.end({})
    verification = verify_journal(writer.path)
    assert verification.ok
    assert verification.rows == 202


def test_without_a_closing_row_the_session_counts_as_unfinished(tmp_path: Path) -> None:
    writer = JournalWriter.open_session(tmp_path, HEADER, clocks=clocks())
    writer.append("start", {}, durable=True)
    writer.abandon()
    verification = verify_journal(writer.path)
    assert verification.unfinished_only
    assert [problem.finding for problem in verification.problems] == [Finding.UNFINISHED]
