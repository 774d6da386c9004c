"""Verification: cut at any byte, altered in any byte, or lengthened, a journal says so."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stimctl.errors import IntegrityError
from stimctl.records.journal import Anchor, Clocks, Header, JournalWriter
from stimctl.records.rows import FIRST_PREVIOUS, RowError, digest_of, pack_row, unpack_row
from stimctl.records.verify import Finding, Problem, Verification, read_rows, verify_journal
from tests.support.examples import examples


@pytest.fixture
def journal(tmp_path: Path) -> tuple[Path, Anchor]:
    header = Header(device="sim:p24", sim=True, stimctl="0.1.0", python="3.11")
    writer = JournalWriter.open_session(tmp_path, header, clocks=Clocks(lambda: 10**18, lambda: 7))
    writer.append("arm", {}, durable=True)
    writer.append("telemetry", {"ua": 500, "text": "Grüße"})
    return writer.path, writer.end({"outcome": "done"})


def findings(verification: Verification) -> set[Finding]:
    return {problem.finding for problem in verification.problems}


def test_a_whole_journal_verifies(journal: tuple[Path, Anchor]) -> None:
    path, anchor = journal
    verification = verify_journal(path, anchor)
    assert verification.ok
    assert not verification.unfinished_only
    assert verification.rows == anchor.rows == 4
    assert verification.as_dict()["problems"] == []


def test_a_cut_at_every_byte_is_found_and_everything_before_it_is_readable(
    journal: tuple[Path, Anchor],
) -> None:
    path, anchor = journal
    data = path.read_bytes()
    copy = path.with_name("cut.jsonl")
    for length in range(len(data)):
        copy.write_bytes(data[:length])
        whole_rows = data[:length].count(b"\n")
        verification = verify_journal(copy)
        assert not verification.ok
        assert verification.rows == whole_rows
        assert Finding.UNFINISHED in findings(verification)
        assert (Finding.TORN in findings(verification)) == (not data[:length].endswith(b"\n")) or (
            length == 0
        )
        assert Finding.SHORTER in findings(verify_journal(copy, anchor))


@pytest.mark.hazard("H51")
def test_a_change_in_any_byte_is_found(journal: tuple[Path, Anchor]) -> None:
    path, anchor = journal
    data = path.read_bytes()
    copy = path.with_name("altered.jsonl")
    for position in range(len(data)):
        altered = bytearray(data)
        altered[position] ^= 1
        copy.write_bytes(altered)
        assert not verify_journal(copy, anchor).ok, position


@pytest.mark.hazard("H51")
def test_a_removed_tail_is_found_by_the_anchor_even_with_a_new_closing_row(
    journal: tuple[Path, Anchor],
) -> None:
    path, anchor = journal
    lines = path.read_bytes().splitlines(keepends=True)[:2]
    lines.append(pack_row(2, digest_of(lines[1]), 0, 0, "end", {"outcome": "done"}))
    path.write_bytes(b"".join(lines))
    assert verify_journal(path).ok, "the chain alone cannot know"
    assert findings(verify_journal(path, anchor)) == {Finding.SHORTER}
    lines.insert(2, pack_row(2, digest_of(lines[1]), 0, 0, "telemetry", {}))
    lines[3] = pack_row(3, digest_of(lines[2]), 0, 0, "end", {})
    path.write_bytes(b"".join(lines))
    assert findings(verify_journal(path, anchor)) == {Finding.ALTERED}


def test_rows_behind_the_closing_row_are_found(journal: tuple[Path, Anchor]) -> None:
    path, anchor = journal
    with path.open("ab") as file:
        file.write(pack_row(4, anchor.last_hash, 0, 0, "telemetry", {}))
    verification = verify_journal(path, anchor)
    assert findings(verification) == {Finding.AFTER_END}
    assert verification.end is not None
    assert verification.end.seq == 3


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda lines: lines[1:], Finding.CHAIN),
        (lambda lines: [lines[0], lines[2], lines[3]], Finding.CHAIN),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], Finding.CHAIN),
        (lambda lines: [lines[0], lines[1], lines[1], *lines[2:]], Finding.CHAIN),
        (lambda lines: [lines[0], b"garbage\n", *lines[1:]], Finding.UNREADABLE),
        (lambda lines: [lines[0], b"\xff\xfe\n", *lines[1:]], Finding.UNREADABLE),
        (lambda lines: [lines[0], b"\n", *lines[1:]], Finding.UNREADABLE),
        (lambda lines: [lines[0], b"[" * 100_000 + b"\n"], Finding.UNREADABLE),
        (lambda lines: [b"x" * (1 << 20) + b"xxxx\n"], Finding.TORN),
        (lambda lines: [], Finding.EMPTY),
    ],
)
def test_moved_missing_and_foreign_lines_are_found(
    journal: tuple[Path, Anchor], change: object, expected: Finding
) -> None:
    path, _ = journal
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines)))  # type: ignore[operator]
    assert expected in findings(verify_journal(path))


def test_a_first_row_that_is_no_known_header_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(pack_row(0, FIRST_PREVIOUS, 0, 0, "telemetry", {}))
    assert Finding.HEADER in findings(verify_journal(path))
    path.write_bytes(pack_row(0, FIRST_PREVIOUS, 0, 0, "header", {"schema": "stimctl.journal/9"}))
    assert Finding.HEADER in findings(verify_journal(path))


def test_a_file_that_cannot_be_read_is_an_integrity_error(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="cannot be read"):
        verify_journal(tmp_path / "missing.jsonl")
    with pytest.raises(IntegrityError):
        verify_journal(tmp_path)


GOOD = json.loads(pack_row(3, "p", 0, 0, "k", {}))


@pytest.mark.parametrize(
    "value",
    [
        [],
        None,
        {},
        {**GOOD, "more": 1},
        dict(reversed(GOOD.items())),
        {**GOOD, "seq": True},
        {**GOOD, "seq": 1.0},
        {**GOOD, "mono_ns": "1"},
        {**GOOD, "prev": None},
        {**GOOD, "kind": 3},
        {**GOOD, "data": []},
    ],
)
def test_what_is_not_exactly_a_row_is_not_read_as_one(value: object) -> None:
    with pytest.raises(RowError):
        unpack_row(json.dumps(value).encode() + b"\n")


def test_nan_is_not_read_as_a_number() -> None:
    line = pack_row(3, "p", 0, 0, "k", {"x": 1}).replace(b'"x":1', b'"x":NaN')
    with pytest.raises(RowError, match="NaN"):
        unpack_row(line)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=examples(150))
@given(st.integers(0, 2**40), st.text(), st.dictionaries(st.text(), json_values, max_size=4))
def test_every_row_comes_back_as_it_was(seq: int, kind: str, data: dict[str, object]) -> None:
    line = pack_row(seq, FIRST_PREVIOUS, 10**18, 1, kind, data)
    row = unpack_row(line)
    assert line.count(b"\n") == 1
    assert (row.seq, row.kind, row.data) == (seq, kind, data)
    assert row.digest == digest_of(line)
    assert row.as_dict()["data"] == data


@settings(max_examples=examples(200))
@given(st.binary(max_size=200))
def test_any_bytes_are_a_row_or_a_problem_and_nothing_else(data: bytes) -> None:
    with contextlib.suppress(RowError):
        unpack_row(data)


def test_reading_ends_at_the_first_damage(journal: tuple[Path, Anchor]) -> None:
    path, _ = journal
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"{}\n" + lines[1])
    items = list(read_rows(path))
    assert [isinstance(item, Problem) for item in items] == [False, True]
    assert isinstance(items[1], Problem)
    assert items[1].offset == len(lines[0])
