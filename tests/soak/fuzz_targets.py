"""Everything that reads what others wrote, with the only exceptions it may answer with."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hypothesis import strategies as st

from firmware_sim.faults import FaultError, parse_fault
from stimctl.cli.checklist import read_answers
from stimctl.errors import (
    JournalError,
    ProtocolFileError,
    QuantityError,
    StimctlError,
    UsageError,
    WireFormatError,
)
from stimctl.quantity import (
    parse_area_mm2,
    parse_current_ua,
    parse_duration_us,
    parse_frequency_mhz,
    parse_ratio_permille,
)
from stimctl.records.approvals import find_rehearsal, use_is_accepted
from stimctl.records.pads import Pads, used
from stimctl.records.people.electrodes import list_electrodes
from stimctl.records.people.kept import maxima_of
from stimctl.records.protocol_files import read_limit_file
from stimctl.records.rows import Row, RowError, pack_row, unpack_row
from stimctl.records.sessions import list_sessions, show_session
from stimctl.records.state_files import read_state
from stimctl.records.verify import read_rows, verify_journal
from stimctl.supervisor.commands import parse_command
from stimctl.treatment.load import load_protocol
from stimctl.tui.model.keymap import read_keymap
from stimctl.tui.model.persons import remembered
from stimctl.wire.hexlines import WIRES, decode_line, encode_text
from tests.support.paths import ROOT

_VECTORS = ROOT / "tests" / "data"
_PADS = Pads("left-knee", 2_500)


@dataclass(frozen=True, slots=True)
class Target:
    """`read` takes bytes; `declared` is all it may raise. `samples`: good input to be damaged."""

    name: str
    read: Callable[[bytes], object]
    declared: tuple[type[Exception], ...]
    samples: tuple[bytes, ...]

    def __str__(self) -> str:
        return self.name

    def feed(self, data: bytes) -> None:
        """Read it; what is not declared comes out."""
        try:
            self.read(data)
        except self.declared:
            return


def _wire(name: str, data: bytes) -> None:
    """Whatever comes off a line is told, never raised; what was told can be written again."""
    told = decode_line(data.hex(), name)
    try:
        encode_text(json.dumps(told), name, invalid=True)
    except WireFormatError:
        return


def _encode(name: str, data: bytes) -> None:
    encode_text(data.decode("utf-8", "replace"), name)


def _protocol(data: bytes) -> None:
    load_protocol(data.decode("utf-8", "replace"), "tens-burst")


def _limits(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(data)
        file.flush()
        read_limit_file(Path(file.name))


def _file(name: str, read: Callable[[Path], object], data: bytes) -> None:
    """A file of that name with that content, read by its path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, *name.split("/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        read(path)


def _state(name: str, read: Callable[[Path], object], data: bytes) -> None:
    """The same, read by the state folder it is in."""
    up = name.count("/")
    _file(name, lambda path: read(path.parents[up]), data)


def _journal(path: Path) -> None:
    rows = list(read_rows(path))
    found = verify_journal(path)
    assert found.rows == sum(isinstance(row, Row) for row in rows)
    list_sessions(path.parent)
    show_session(path.parent, path.stem)


def _keymap(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "keymap.toml")
        path.write_bytes(data)
        read_keymap({"STIMCTL_KEYMAP": str(path), "HOME": folder})


def _quantity(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    parsers = (
        parse_current_ua,
        parse_duration_us,
        parse_frequency_mhz,
        parse_area_mm2,
        parse_ratio_permille,
    )
    for parse in parsers:
        try:
            parse(text)
        except QuantityError:
            continue


def _fault(data: bytes) -> None:
    parse_fault(data.decode("utf-8", "replace"))


def _hex_strings(value: object) -> list[str]:
    """Every text in a file of vectors that is hex."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in _hex_strings(one)]
    if isinstance(value, list):
        return [text for one in value for text in _hex_strings(one)]
    if isinstance(value, str) and len(value) > 7:
        try:
            bytes.fromhex(value)
        except ValueError:
            return []
        return [value]
    return []


def _vectors(name: str) -> tuple[bytes, ...]:
    path = _VECTORS / f"{name}_vectors.json"
    if not path.exists():
        return (b"C0T100I50G\n", b"#00\n")
    return tuple(bytes.fromhex(text) for text in _hex_strings(json.loads(path.read_text("utf-8"))))


def _told(name: str) -> tuple[bytes, ...]:
    return tuple(json.dumps(decode_line(one.hex(), name)).encode() for one in _vectors(name)[:40])


def _targets() -> tuple[Target, ...]:
    shipped = tuple(path.read_bytes() for path in sorted((ROOT / "protocols").glob("*.toml")))
    row = pack_row(1, "0" * 64, 10**18, 5, "raise", {"channel": 1, "level": 500})
    commands = (
        b'{"do": "raise", "channel": 1, "level": "1 mA", "id": 4}',
        b'{"do": "channel", "channel": 1, "level": "10 mA", "area": "25 cm2"}',
        b'{"do": "load", "path": "x.toml", "sha256": "00"}',
        b'{"do": "hold", "duration": "5 s"}',
    )
    wires = [
        Target(f"{name} bytes", partial(_wire, name), (), _vectors(name)) for name in WIRES
    ] + [
        Target(
            f"{name} JSON", partial(_encode, name), (WireFormatError, QuantityError), _told(name)
        )
        for name in WIRES
    ]
    return (
        *wires,
        Target("protocol files", _protocol, (ProtocolFileError,), shipped),
        Target("limit files", _limits, (ProtocolFileError,), (b'[person]\nx = "1 mA"\n',)),
        Target("journal rows", unpack_row, (RowError,), (row,)),
        Target("journal files", partial(_file, "s-1.jsonl", _journal), (), (row, row + row)),
        Target(
            "screening answers",
            partial(_file, "screening.toml", lambda path: read_answers((), path)),
            (ProtocolFileError,),
            (b'C01 = "no"\nC02 = "yes"\n',),
        ),
        Target(
            "acceptances",
            partial(_state, "acceptance.json", use_is_accepted),
            (),
            (b'{"schema": "stimctl.acceptance/1", "statement_sha256": "00"}',),
        ),
        Target(
            "rehearsals",
            partial(_state, "rehearsals/d.json", lambda state: find_rehearsal(state, "d")),
            (),
            (b'{"digest": "d", "confirmation": "abcd", "protocol": "p", "family": "p24"}',),
        ),
        Target(
            "electrodes in use",
            partial(_state, "pads/K-1.json", lambda state: used(state, "K-1", [_PADS])),
            (),
            (b'{"left-knee 2500 mm2": [3, 1700000000]}',),
        ),
        Target(
            "persons",
            partial(_state, "persons/K-1.json", lambda state: remembered(state, "K-1")),
            (),
            (b'{"answers": {"C01": false}, "answered_s": 5, "marks": []}', b"[" * 1_500),
        ),
        Target(
            "a person's maxima",
            partial(
                _state,
                "persons/K-1.json",
                lambda state: maxima_of("K-1", read_state(state / "persons/K-1.json")),
            ),
            (JournalError,),
            (b'{"maxima": [{"site": "s", "area_mm2": 5, "level": "2 mA", "day": "2026-01-01"}]}',),
        ),
        Target(
            "electrodes by name",
            partial(_state, "electrodes.json", list_electrodes),
            (JournalError,),
            (
                b'{"electrodes": {"E-1": {"name": "E-1", "area_mm2": 5, "kind": "rubber", '
                b'"person": "", "sessions": 0, "since_s": 0, "retired": false}}}',
            ),
        ),
        Target(
            "key maps",
            _keymap,
            (UsageError, ProtocolFileError),
            (b'[keys]\nquit = ["f10"]\n', b"keys = 1\n", b"keys = " + b"[" * 1_500),
        ),
        Target("commands of a face", parse_command, (StimctlError,), commands),
        Target("quantities", _quantity, (), (b"12.5 mA", "25 cm²".encode(), b"-10 %")),
        Target("faults", _fault, (FaultError,), (b"drop@1.5s,permille=300,for=5s",)),
    )


TARGETS = _targets()

_Damage = tuple[str, int, bytes]


def damaged(sample: bytes, damages: list[_Damage]) -> bytes:
    """A good sample with bytes replaced, put in, taken out, or repeated."""
    data = bytearray(sample)
    for how, where, what in damages:
        at = where % (len(data) + 1)
        if how == "put":
            data[at:at] = what
        elif how == "cut":
            del data[at : at + len(what)]
        elif how == "repeat":
            data[at:at] = data[at : at + 40]
        else:
            data[at : at + len(what)] = what
    return bytes(data)


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Any bytes, and good samples damaged in a few places."""
    damage = st.tuples(
        st.sampled_from(["put", "cut", "repeat", "replace"]),
        st.integers(0, 10_000),
        st.binary(min_size=1, max_size=6) | st.sampled_from(_TOKENS),
    )
    worse = st.builds(damaged, st.sampled_from(target.samples), st.lists(damage, max_size=6))
    return st.binary(max_size=300) | worse


_TOKENS = (
    b"\xf0",
    b"\x0f",
    b"\x81\x55",
    b"\x00",
    b"-1",
    b"1e999",
    b"NaN",
    b"null",
    b"[",
    b"{}",
    b'"',
    b"\n",
    b"[[channels]]\n",
    b" = ",
    b"999999999999999999999",
    "\u00b5\u00b2\u2009".encode(),
    b"\xff\xfe",
)
