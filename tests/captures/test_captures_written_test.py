"""A comparison becomes a test with one command; it fails until the twin is mended."""

from __future__ import annotations

import ast
import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_sim.firmware import p24_twin
from stimctl.errors import ExitCode
from stimctl.records.captures import Kind, pack_capture, read_capture
from tests.cli.conftest import Cli, Result, cli, state  # noqa: F401 - fixtures
from tests.support.captures import SEEDS, session_of, until

END_NS = 6_000_000_000
SLOW_US = 21_000
STRICT = ("--tolerance", "10ms")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A capture of the twin as it is."""
    return written(tmp_path / "own.capture.jsonl")


def written(path: Path, turnaround_us: int | None = None) -> Path:
    whole = session_of("p24", SEEDS["p24"], turnaround_us=turnaround_us)
    capture = until(whole, END_NS)
    path.write_bytes(pack_capture(capture.header, capture.rows))
    return path


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A capture of a device that takes 21 ms for an answer; the twin takes 1 ms."""
    return written(tmp_path / "Slow device, 2.capture.jsonl", SLOW_US)


def run_tests_in(file: Path) -> None:
    """What pytest does with it."""
    for name, found in runpy.run_path(str(file)).items():
        if name.startswith("test_"):
            found()


def test_the_written_test_fails_now_and_passes_when_the_twin_is_mended(
    cli: Cli,  # noqa: F811
    slow: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    told = cli("sim", "compare", str(slow), *STRICT, "--write-test", str(tests))
    assert told.code == ExitCode.REFUSED
    test = tests / "test_capture_slow_device_2.py"
    assert f"written: {test}" in told.err
    assert (tests / "slow_device_2.capture.jsonl").read_bytes() == slow.read_bytes()
    with pytest.raises(AssertionError, match="late: twin at"):
        run_tests_in(test)
    # Somebody has learned from the capture how long a P24 takes.
    monkeypatch.setattr(p24_twin, "TURNAROUND_US", SLOW_US)
    run_tests_in(test)


def test_the_twin_options_and_the_tolerance_are_in_the_test(cli: Cli, own: Path) -> None:  # noqa: F811
    folder = own.parent / "tests"
    folder.mkdir()
    options = ("--turnaround", "1500", "--tolerance", "20ms")
    told = cli("sim", "compare", str(own), *options, "--write-test", str(folder))
    assert told.code == ExitCode.DONE
    text = (folder / "test_capture_own.py").read_text()
    assert "TWIN_OPTIONS = ('--turnaround', '1500')" in text
    assert "tolerance_ns=20_000_000" in text
    assert "no difference" in ast.get_docstring(ast.parse(text))
    run_tests_in(folder / "test_capture_own.py")


def test_nothing_is_written_over(cli: Cli, own: Path, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "test_capture_own.py").write_text("mine")
    told = cli("sim", "compare", str(own), "--write-test", str(tmp_path))
    assert told.code == ExitCode.USAGE
    assert "there already" in told.err
    assert (tmp_path / "test_capture_own.py").read_text() == "mine"


def test_what_a_device_calls_itself_cannot_end_the_text_of_the_test(
    cli: Cli,  # noqa: F811
    own: Path,
    tmp_path: Path,
) -> None:
    capture = read_capture(own)
    evil = '"""\nraise SystemExit("!")\n"""'
    row = replace(capture.rows[-1], kind=Kind.IDENTIFIED, data=b"", serial_number=evil)
    header = replace(capture.header, origin=evil, stimctl=evil, started=evil)
    path = tmp_path / "evil.capture.jsonl"
    path.write_bytes(pack_capture(header, [*capture.rows, row]))
    folder = tmp_path / "tests"
    folder.mkdir()
    assert cli("sim", "compare", str(path), "--write-test", str(folder)).code == 0
    run_tests_in(folder / "test_capture_evil.py")


def test_the_comparison_tells_everything_as_words_and_as_json(
    cli: Cli,  # noqa: F811
    own: Path,
    slow: Path,
) -> None:
    told: Result = cli("sim", "compare", str(own))
    assert (told.code, told.out.splitlines()[-1]) == (0, "no difference")
    assert "not compared  get_device_id_ack.device_id: it names one device" in told.out
    data = cli("sim", "compare", str(own), "--json").data
    assert (data["schema"], data["same"]) == ("stimctl.sim-compare/1", True)
    late = cli("sim", "compare", str(slow), *STRICT, "--json")
    assert late.code == ExitCode.REFUSED
    assert {one["sort"] for one in late.data["differences"]} == {"late"}
    assert set(late.data["differences"][0]) == {
        "sort", "t_ns", "offset", "message", "field", "twin", "capture",
    }  # fmt: skip
    words = cli("sim", "compare", str(slow), *STRICT)
    assert "get_stim_status_ack: late: twin at" in words.out


@pytest.mark.parametrize("options", [("--lood", "5"), ("--tcp", "0"), ("--fault", "nothing@1s")])
def test_options_that_the_twin_cannot_have_here_are_refused(
    cli: Cli,  # noqa: F811
    own: Path,
    options: tuple[str, ...],
) -> None:
    told = cli("sim", "compare", str(own), *options)
    assert told.code == ExitCode.USAGE
    assert "cannot be used here" in told.err


def test_faults_and_loads_are_given_to_the_twin(cli: Cli, own: Path) -> None:  # noqa: F811
    told = cli("sim", "compare", str(own), "--fault", "mute@4s", "--load", "1000", "--json")
    assert told.code == ExitCode.REFUSED
    assert {one["sort"] for one in told.data["differences"]} == {"extra"}


def test_a_file_that_is_no_whole_capture_is_exit_code_2(
    cli: Cli,  # noqa: F811
    own: Path,
    tmp_path: Path,
) -> None:
    data = own.read_bytes()
    cut = tmp_path / "cut.capture.jsonl"
    cut.write_bytes(data[: len(data) // 2])
    assert cli("sim", "compare", str(cut)).code == ExitCode.USAGE
    assert cli("sim", "compare", str(cut), "--cut-ok").code == ExitCode.DONE
    assert "the file was cut" in cli("sim", "compare", str(cut), "--cut-ok").out
    cut.write_bytes(data.replace(b'"family":"p24"', b'"family":"p25"'))
    assert cli("sim", "compare", str(cut), "--cut-ok").code == ExitCode.USAGE
