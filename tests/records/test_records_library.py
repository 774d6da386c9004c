"""Signed libraries: what was signed runs, and nothing that was changed in any way."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from stimctl.codes import Code
from stimctl.errors import KeyFileError, ProtocolFileError, StateError, UsageError
from stimctl.records import library_station
from stimctl.records.forks import fork
from stimctl.records.library_station import FILE, station
from stimctl.records.protocol_files import ProtocolText, list_protocols, read_protocol
from stimctl.records.protocol_permission import permission_of
from stimctl.records.signed_library import (
    MANIFEST,
    check_files,
    make_key,
    open_library,
    read_key,
    sign_library,
)
from stimctl.session.needs import Permission
from stimctl.treatment.load import load_any

AT = "2026-11-30T12:00:00Z"
SHIPPED = {one.name for one in list_protocols()}


def permitted(path: Path, state: Path) -> Permission:
    text = read_protocol(str(path))
    return permission_of(text, load_any(text.text, text.path.name), state)


def code_of(path: Path, state: Path) -> str:
    unsigned = permitted(path, state).unsigned
    return unsigned.code if unsigned else ""


def sign(folder: Path, key: bytes, version: str = "1.0") -> str:
    return sign_library(
        folder, key, name="our-clinic", version=version, at=AT, taken=SHIPPED
    ).fingerprint


@pytest.fixture
def key(tmp_path: Path) -> bytes:
    return make_key(tmp_path / "clinic.key")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def library(tmp_path: Path, state: Path, key: bytes) -> Path:
    """Two forks and one in percent, signed, trusted, on a station in locked mode."""
    folder = tmp_path / "clinic"
    fork(read_protocol("nmes-tka"), "our-tka", folder, ())
    fork(read_protocol("tens-al"), "our-tens", folder, ())
    fork(read_protocol("gate-tens"), "our-gate", folder / "gated", ())
    library_station.trust(state, sign(folder, key), AT)
    library_station.lock_station(state, with_shipped=False)
    return folder


def test_what_a_trusted_key_has_signed_runs_in_locked_mode(library: Path, state: Path) -> None:
    for name in ("our-tka.toml", "our-tens.toml", "gated/our-gate.toml"):
        permission = permitted(library / name, state)
        assert permission.unsigned is None
        assert permission.library.startswith("our-clinic 1.0, signed")


def test_without_locked_mode_nothing_is_asked(library: Path, state: Path) -> None:
    (library / MANIFEST).unlink()
    library_station.unlock_station(state)
    assert permitted(library / "our-tka.toml", state) == Permission()


def _edit(path: Path) -> None:
    path.write_text(path.read_text().replace('"50 Hz"', '"45 Hz"'))


def _append(path: Path) -> None:
    path.write_text(path.read_text() + "#")


CHANGES: dict[str, Callable[[Path], object]] = {
    "changed": lambda folder: _edit(folder / "our-tka.toml"),
    "another-changed": lambda folder: _append(folder / "our-tens.toml"),
    "percent-changed": lambda folder: _append(folder / "gated" / "our-gate.toml"),
    "added": lambda folder: (folder / "new.toml").write_bytes(
        (folder / "our-tka.toml").read_bytes()
    ),
    "added-in-percent": lambda folder: (folder / "gated" / "new.toml").write_text("x = 1"),
    "removed": lambda folder: (folder / "our-tens.toml").unlink(),
    "renamed": lambda folder: (folder / "our-tens.toml").rename(folder / "other.toml"),
}


@pytest.mark.hazard("H37")
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_added_or_removed_file_stops_the_whole_library(
    library: Path, state: Path, change: str
) -> None:
    CHANGES[change](library)
    assert code_of(library / "our-tka.toml", state) == Code.LIBRARY_CHANGED
    with pytest.raises(StateError, match=r"was (changed|added|removed) after it was signed"):
        check_files(library, open_library(library))


@pytest.mark.hazard("H37")
def test_the_text_that_was_read_counts_and_not_the_file_as_it_is_by_now(
    library: Path, state: Path
) -> None:
    path = library / "our-tka.toml"
    signed = path.read_bytes()
    _edit(path)
    read: ProtocolText = read_protocol(str(path))
    path.write_bytes(signed)
    permission = permission_of(read, load_any(read.text, path.name), state)
    assert permission.unsigned is not None
    assert permission.unsigned.code == Code.LIBRARY_CHANGED


@pytest.mark.hazard("H37")
def test_no_change_of_the_signed_list_is_accepted(library: Path, state: Path) -> None:
    """Every value changed, every key removed, and random bytes changed."""
    path = library / MANIFEST
    signed = path.read_bytes()
    told = json.loads(signed)
    forms = [{**told, name: told[name][:-1] + "0"} for name in told if name != "files"]
    forms += [{key: value for key, value in told.items() if key != name} for name in told]
    odd_values: tuple[object, ...] = (None, 1, [], {}, "")
    forms += [{**told, name: odd} for name in told for odd in odd_values]
    forms += [{**told, "more": 1}, {**told, "files": {**told["files"], "new.toml": "0" * 64}}]
    texts = [json.dumps(form).encode() for form in forms if form != told]
    texts += [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"null"]
    rng = random.Random(6)
    for _ in range(60):
        damaged = bytearray(signed)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        texts.append(bytes(damaged))
    for text in texts:
        path.write_bytes(text)
        try:
            same = json.loads(text) == told
        except (ValueError, RecursionError):
            same = False
        code = code_of(library / "our-tka.toml", state)
        assert same or code in (Code.LIBRARY_INVALID, Code.LIBRARY_UNTRUSTED), text
    path.write_bytes(signed)
    assert code_of(library / "our-tka.toml", state) == ""


def test_a_list_signed_by_another_key_is_not_trusted(
    library: Path, state: Path, tmp_path: Path
) -> None:
    sign(library, make_key(tmp_path / "other.key"))
    assert code_of(library / "our-tka.toml", state) == Code.LIBRARY_UNTRUSTED


def test_a_key_that_is_trusted_no_more_signs_nothing_here(
    library: Path, state: Path, key: bytes
) -> None:
    library_station.distrust(state, open_library(library).fingerprint)
    assert code_of(library / "our-tka.toml", state) == Code.LIBRARY_UNTRUSTED
    library_station.trust(state, sign(library, key, "1.1"), AT)
    assert code_of(library / "our-tka.toml", state) == ""


def test_a_protocol_of_no_library_and_a_shipped_one_do_not_run_in_locked_mode(
    library: Path, state: Path, tmp_path: Path
) -> None:
    alone = fork(read_protocol("nmes-tka"), "alone", tmp_path / "alone", ())
    assert code_of(alone, state) == Code.LIBRARY_UNSIGNED
    shipped = read_protocol("nmes-tka").path
    assert code_of(shipped, state) == Code.LIBRARY_ONLY
    library_station.lock_station(state, with_shipped=True)
    assert permitted(shipped, state).library == "shipped"
    assert code_of(alone, state) == Code.LIBRARY_UNSIGNED


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "stimctl.protocol-library/1"}'])
def test_a_damaged_setting_of_the_station_is_locked_with_nothing_trusted(
    library: Path, state: Path, text: str
) -> None:
    (state / FILE).write_text(text)
    assert station(state).only_signed
    assert code_of(library / "our-tka.toml", state) == Code.LIBRARY_UNTRUSTED


@pytest.mark.parametrize("text", ["", "abc", "8611-1966", "x" * 39, "8611" * 8])
def test_what_is_no_fingerprint_is_not_trusted(state: Path, text: str) -> None:
    with pytest.raises(UsageError, match="not a fingerprint"):
        library_station.trust(state, text, AT)
    assert not station(state).trusted


def test_a_library_with_a_broken_file_or_a_shipped_name_is_not_signed(
    tmp_path: Path, key: bytes
) -> None:
    folder = tmp_path / "clinic"
    folder.mkdir()
    with pytest.raises(UsageError, match="no protocol files"):
        sign(folder, key)
    (folder / "nmes-tka.toml").write_bytes(read_protocol("nmes-tka").path.read_bytes())
    with pytest.raises(UsageError, match="name of a shipped protocol"):
        sign(folder, key)
    (folder / "nmes-tka.toml").rename(folder / "mine.toml")
    with pytest.raises(ProtocolFileError, match=r'the file is named "mine\.toml"'):
        sign(folder, key)
    assert not (folder / MANIFEST).exists()


def test_a_key_that_others_can_read_does_not_sign(tmp_path: Path, key: bytes) -> None:
    path = tmp_path / "clinic.key"
    assert read_key(path) == key
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="others may read"):
        read_key(path)
    path.chmod(0o600)
    path.write_text("no key")
    with pytest.raises(KeyFileError, match="64 digits"):
        read_key(path)
    with pytest.raises(KeyFileError, match="no key can be made"):
        make_key(path)


def test_the_lock_of_a_shipped_parent_holds_for_a_copy_without_one(
    tmp_path: Path, state: Path
) -> None:
    path = fork(read_protocol("nmes-icu"), "our-icu", tmp_path, ())
    head, _, rest = path.read_text().partition("[locked]")
    path.write_text(head + rest[rest.index("[evidence]") :])
    assert load_any(path.read_text(), path.name).locked is None
    assert permitted(path, state).lock == load_any(
        read_protocol("nmes-icu").text, "nmes-icu.toml"
    ).locked  # fmt: skip
