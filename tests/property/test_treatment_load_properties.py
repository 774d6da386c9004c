"""Whatever a protocol file holds: a protocol within bounds, or a ProtocolFileError with a line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.errors import ProtocolFileError
from stimctl.safety import Refusal
from stimctl.treatment import TreatmentProtocol, compile_plan, predict
from stimctl.treatment.locate import Path, key_lines
from tests.support.examples import examples
from tests.support.treatment_samples import SHIPPED, loaded_v1, protocol_texts, setup, shipped_text

modest = settings(
    max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TEXTS = {name: shipped_text(name) for name in SHIPPED}
SNIPPETS = st.sampled_from(
    ["", "\n", '"', "'''", '"""', "[", "]]", "{", "}", "=", ".", "#", ",", "-", "1e9", "nan",
     "0x7f", "true", "\\", "\x00", "\r", "é", "\ud800", "[[channels]]\n", '"1 A"', '"0 Hz"',
     '"-1 mA"',     '"99999999999 h"', "a = 1\n", "µ", "9" * 400, "[" * 400]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, str]:
    """A shipped file with a few places changed, and its name."""
    name = draw(st.sampled_from(SHIPPED))
    text = TEXTS[name]
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(SNIPPETS | st.text(max_size=4)) + text[end:]
    return text, name


@st.composite
def with_other_numbers(draw: st.DrawFn) -> tuple[str, str]:
    """A shipped file with one of its digits changed: the mutation that reads best."""
    name = draw(st.sampled_from(SHIPPED))
    text = TEXTS[name]
    places = [i for i, char in enumerate(text) if char.isdigit()]
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places))
        text = text[:place] + draw(st.sampled_from("0123456789")) + text[place + 1 :]
    return text, name


def loaded(text: str, file_name: str) -> TreatmentProtocol | None:
    """The protocol, or None after a look at the error."""
    error = None
    try:
        return loaded_v1(text, file_name)
    except ProtocolFileError as caught:
        error = caught
    assert error.file == file_name
    assert error.line is not None
    assert 1 <= error.line <= text.count("\n") + 1
    assert str(error).encode("utf-8")  # printable whatever the file holds
    return None


def paths_in(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths_in(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths_in(item, (*path, index))


@modest
@given(st.text())
@example("\ud800 = 1")
@example('"\\ud800" = 1')
def test_any_text_is_a_protocol_or_a_clear_error(text: str) -> None:
    assert loaded(text, "any.toml") is None


@modest
@given(st.binary())
def test_bytes_that_are_not_utf8_come_as_surrogates_and_are_refused(data: bytes) -> None:
    loaded(data.decode("utf-8", "surrogateescape"), "any.toml")


@pytest.mark.hazard("H37")
@settings(modest, max_examples=examples(1_000))
@given(mutated() | with_other_numbers())
def test_no_mutated_file_runs_outside_the_limits(case: tuple[str, str]) -> None:
    text, name = case
    protocol = loaded(text, f"{name}.toml")
    if protocol is None:
        return
    setups = [setup(n + 1, 40_000) for n in range(len(protocol.channels))]
    plan = compile_plan(protocol, P24_SHEET, setups, duration_us=60_000_000)
    if isinstance(plan, Refusal):
        return
    for one, dose in zip(plan.channels, predict(plan), strict=True):
        cap_ua = protocol.channels[0].amplitude.cap
        assert dose.peak_ua <= min(40_000, cap_ua or 40_000)
        assert dose.rms_plateau_ma <= 50
        assert dose.rms_plateau_ma / (one.setup.electrode.area_mm2 / 100) <= 2


@modest
@given(mutated())
def test_the_line_finder_knows_every_path_of_what_tomllib_reads(case: tuple[str, str]) -> None:
    text, _ = case
    lines = key_lines(text)
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    assert [path for path in paths_in(tree) if path not in lines] == []


@modest
@given(st.text(alphabet="ab.=[]{}\"'\\#,\n 1u", max_size=60))
def test_the_line_finder_agrees_with_tomllib_on_small_texts(text: str) -> None:
    lines = key_lines(text)
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    assert set(paths_in(tree)) == set(lines)


@modest
@given(protocol_texts())
def test_every_valid_protocol_loads(text: str) -> None:
    assert loaded(text, "sample.toml") is not None
