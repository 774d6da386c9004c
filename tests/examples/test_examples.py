"""Every example runs as it stands, and what it claims is true by the record of its twin.

In `make test` those that are quick; `make examples` runs the others too.
"""

from __future__ import annotations

import ast
import csv
import importlib
import inspect
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import stimctl
from firmware_sim.ledger import Ledger
from firmware_sim.process import TwinProcess

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
INDEX = (EXAMPLES / "README.md").read_text("utf-8")
SCRIPTS = [
    "alternating_channels",
    "recruitment_curve",
    "every_device",
    "with_asyncio",
    "closed_loop",
    "sensory_staircase",
]
Row = dict[str, Any]
#: matplotlib before 3.10.8 takes old names of its parser.
plots = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the twin of the example writes what reaches its electrodes."""
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "matplotlib"))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("STIMCTL_TWIN_RECORD", str(tmp_path / "twin.jsonl"))
    return tmp_path / "twin.jsonl"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Imports an example by its name, as its folder would be on the path of who runs it."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    names: list[str] = []

    def imported(name: str) -> ModuleType:
        names.append(name)
        return importlib.import_module(name)

    yield imported
    for name in names:
        sys.modules.pop(name, None)


def journal(record: Path) -> list[Row]:
    (path,) = (record.parent / "state" / "journal").glob("*.jsonl")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def refusals(record: Path) -> list[Row]:
    return [row for row in journal(record) if row["kind"] in ("refused", "limit")]


@pytest.mark.broad
@plots
@pytest.mark.pty
def test_two_channels_alternate_and_pandas_reads_what_they_were_given(
    record: Path, load: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load("alternating_channels").main([]) == 0
    assert "the session is stopped" in capsys.readouterr().out
    ledger = Ledger.from_file(record)
    assert {n: one.peak_ma for n, one in ledger.channels.items()} == {1: 2, 2: 2}
    assert not ledger.running
    first, second = (
        [(run.start_us, run.end_us) for run in ledger[channel].runs] for channel in (1, 2)
    )
    both = [(a, b) for a in first for b in second if a[0] < b[1] and b[0] < a[1]]
    assert both == []
    assert refusals(record) == []  # nothing was polled

    plot = record.with_name("plot.png")
    assert load("delivered_dose").main(["last", str(plot)]) == 0
    channels, samples = load("delivered_dose").tables("last")
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert "at_least" in capsys.readouterr().out
    given = channels[channels.source == "acknowledged"].set_index(["channel", "bound"]).pulses
    for channel, one in ledger.channels.items():
        assert given[channel, "at_least"] <= one.pulses <= given[channel, "at_most"]
    assert set(samples.channel) == {1, 2}


@pytest.mark.broad
@pytest.mark.pty
def test_each_pulse_of_the_curve_was_given_between_its_two_times(
    record: Path, load: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load("recruitment_curve").main([]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    ledger = Ledger.from_file(record)
    assert [float(row["amplitude_ma"]) for row in rows] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    runs = sorted(ledger[1].runs, key=lambda run: run.start_us)
    assert [run.peak_ua / 1000 for run in runs] == [float(row["amplitude_ma"]) for row in rows]
    for row, run in zip(rows, runs, strict=True):
        at_ns = ledger.monotonic_us(run.start_us) * 1000
        assert int(row["sent_ns"]) <= at_ns <= int(row["acknowledged_ns"])
    assert refusals(record) == []


@pytest.mark.broad
@pytest.mark.pty
def test_a_staircase_of_a_file_finds_the_threshold_that_the_script_answers_for(
    record: Path, load: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load("sensory_staircase").main([]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "sensory-threshold: 2.25 mA (the rule has found it)"
    given = [row for row in journal(record) if row["kind"] == "event"]
    pulses = [row for row in given if row["data"]["outcome"] == "given"]
    assert sum(run.count for run in Ledger.from_file(record)[1].runs) == len(pulses)
    assert {row["data"]["outcome"] for row in given} <= {"given", "blank"}
    assert refusals(record) == []


@pytest.mark.pty
@pytest.mark.parametrize(
    ("device", "told"),
    [
        ("sim:p24", "up to 1 mA, then stopped"),
        pytest.param("sim:rehamove3", "up to 1 mA, then stopped", marks=pytest.mark.soak),
        ("sim:rehastim2", "up to 4 mA, then stopped"),
        pytest.param("sim:openemsstim", "up to 2 %, then stopped", marks=pytest.mark.soak),
    ],
)
def test_the_same_script_drives_every_device(
    device: str, told: str, record: Path, load: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    every = load("every_device")
    assert device in every.SIMULATED
    assert every.main([device]) == 0
    assert capsys.readouterr().out == f"{device}: {told}\n"
    rows = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    assert not Ledger(rows).running
    assert [row["on"] for row in rows if row["kind"] == "output"][-1] is False
    assert refusals(record) == []


@pytest.mark.broad
@pytest.mark.pty
def test_two_channels_rise_together_with_asyncio_and_the_record_is_marked(
    record: Path, load: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load("with_asyncio").main([]) == 0
    assert capsys.readouterr().out == "channel 1: 2 mA\nchannel 2: 1.5 mA\n"
    notes = [row["data"] for row in journal(record) if row["kind"] == "note"]
    assert [note["text"] for note in notes][:2] == ["beat 1", "beat 2"]
    ledger = Ledger.from_file(record)
    assert {n: one.peak_ma for n, one in ledger.channels.items()} == {1: 2, 2: 1.5}
    assert not ledger.running


@pytest.mark.broad
@pytest.mark.pty
def test_a_closed_loop_moves_its_channel_inside_its_bounds_and_ends_at_zero(
    record: Path, load: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load("closed_loop").main([]) == 0
    assert "degrees" in capsys.readouterr().out
    ledger = Ledger.from_file(record)
    assert 5 <= ledger[1].peak_ma <= 6
    assert not ledger.running
    assert refusals(record) == []
    phases = [row["data"]["phase"] for row in journal(record) if row["kind"] == "followed"]
    assert (phases[0], phases[-1]) == ("follows", "ended")
    # On a busy machine its data may come late: then the level is kept until they come again (A22).
    assert set(phases) <= {"follows", "keeps", "ended"}


@plots
@pytest.mark.pty
@pytest.mark.broad
def test_the_cells_of_the_notebook_run_one_after_the_other(
    record: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    records = record.with_name("records")  # of several sessions
    records.mkdir()
    monkeypatch.setenv("STIMCTL_TWIN_RECORD", str(records))
    notebook = json.loads((EXAMPLES / "session.ipynb").read_text("utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] for cell in cells)
    names: Row = {}
    for number, cell in enumerate(cells):
        exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)  # noqa: S102
    assert "80 mA" in capsys.readouterr().out  # the refusal names the nearest legal value
    assert sorted(Ledger.from_file(one)[1].peak_ma for one in records.iterdir()) == [0, 2]
    assert names["levels_ma"][:4] == [0.5, 1.0, 1.5, 2.0]
    names["plt"].close("all")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_says_what_is_wrong_and_ends_with_the_exit_code_of_stimctl(
    name: str, load: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert load(name).main(["no-device"]) == 2
    told = capsys.readouterr()
    assert "no-device" in told.err
    assert "Traceback" not in told.err


@pytest.mark.pty
@pytest.mark.soak
def test_what_is_above_a_limit_is_refused_before_anything_is_put_out(
    record: Path, load: Any
) -> None:
    with pytest.raises(stimctl.errors.LimitRefusedError, match="20 mA"):
        load("alternating_channels").run("sim:p24", maximum="90 mA")
    assert Ledger.from_file(record).channels == {}


@pytest.mark.pty
@pytest.mark.soak
def test_a_stop_that_is_not_confirmed_ends_a_script_with_6_and_says_what_to_do(
    record: Path, load: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STIMCTL_TWIN_OPTIONS", "--wiretap --fault mute@3s")
    assert load("recruitment_curve").main([]) == 6
    assert "pull the electrode cable" in capsys.readouterr().err


@pytest.mark.broad
@pytest.mark.pty
def test_the_workflow_tests_the_strangers_driver_as_it_stands(tmp_path: Path) -> None:
    import yaml  # here alone

    project = shutil.copytree(EXAMPLES / "own-driver", tmp_path / "project")
    text = (project / ".github" / "workflows" / "test.yml").read_text("utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    install, *commands = [step["run"] for step in job["steps"] if "run" in step]
    # These are here: stimctl itself and what its own tests run on.
    assert install.split() == ["pip", "install", "pytest", "pyserial", "stimctl"]
    environment = {
        **{name: value for name, value in os.environ.items() if "STIMCTL" not in name},
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    for command in commands:
        done = subprocess.run(
            ["bash", "-e", "-c", command], cwd=project, env=environment, timeout=100,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        assert "3 passed" in done.stdout
    (upload,) = [step for step in job["steps"] if step.get("if") == "failure()"]
    assert len(list(project.glob(upload["with"]["path"]))) >= 3


@pytest.mark.pty
@pytest.mark.soak
def test_the_strangers_driver_is_found_out_where_it_jumps(tmp_path: Path) -> None:
    project = shutil.copytree(EXAMPLES / "own-driver", tmp_path / "project")
    source = (project / "my_p24.py").read_text("utf-8")
    line = "            time.sleep(EVERY_S)\n"
    assert source.count(line) == 1
    (project / "my_p24.py").write_text(source.replace(line, ""), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-k", "gently"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    told = "us too early: one in 250000 us"
    assert told in done.stdout
    assert told in (project / "README.md").read_text("utf-8")


@pytest.mark.pty
def test_a_client_in_node_drives_the_twin_over_tcp_and_its_record_is_judged(
    tmp_path: Path,
) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("NOT RUN: the Node client, because node is not installed here")
    path = tmp_path / "twin.jsonl"
    with TwinProcess("--tcp", "0", "--wiretap", device="p24", record=path) as twin:
        port = twin.url.rpartition(":")[2]
        client = [node, str(EXAMPLES / "node-client" / "client.mjs"), "127.0.0.1", port]
        done = subprocess.run(client, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (0, "zero confirmed\n"), done.stderr
        twin.wait_for(lambda rows: any(row.get("event") == "line closed" for row in rows))
    words = [sys.executable, "-m", "firmware_sim"]
    judged = ["judge", str(path), "--limit-rise", "--ceiling", "1000"]
    done = subprocess.run([*words, *judged], capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["kept"]) == (0, True)
    assert Ledger.from_file(path)[1].peak_ma == 1
    # The lines of its README name these very verbs and options.
    readme = (EXAMPLES / "node-client" / "README.md").read_text("utf-8")
    assert f"judge twin.jsonl {' '.join(judged[2:])}" in readme


@pytest.mark.pty
@pytest.mark.soak
def test_the_lines_of_the_node_readme_run_as_they_stand(tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("NOT RUN: the Node client, because node is not installed here")
    folder = shutil.copytree(EXAMPLES / "node-client", tmp_path / "node-client")
    (block,) = re.findall(r"```sh\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.S)
    script = re.sub(r"^pip install.*", "", block)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env={**os.environ, "PATH": path}, timeout=100,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"kept": true' in done.stdout


def test_the_index_names_every_example_once_and_nothing_else() -> None:
    told = re.findall(r"^\| \[[^]]+\]\(([^)]+)\)", INDEX, re.M)
    there = [
        *(path.name for path in EXAMPLES.glob("*.*") if path.suffix in (".py", ".ipynb")),
        *(
            f"{path.name}/README.md"
            for path in EXAMPLES.iterdir()
            # Its README is part of a data set, and no page of the site.
            if (path / "README.md").exists() and path.name != "nibs-bids"
        ),
        "own-driver/.github/workflows/test.yml",
    ]
    assert sorted(told) == sorted(there)
    links = re.findall(r"\]\(([^)]+)\)", INDEX)
    assert [one for one in links if not (EXAMPLES / one).exists()] == []


def test_the_call_for_hardware_in_the_index_is_one_that_the_api_takes() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", INDEX, re.DOTALL)
    calls = [node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Call)]
    device = stimctl.Device
    named: dict[str, Any] = {
        "connect": stimctl.connect, "load": device.load, "prepare": device.prepare,
        "arm": device.arm,
    }  # fmt: skip
    seen = set()
    for call in calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in named:
            seen.add(call.func.attr)
            taken = inspect.signature(named[call.func.attr]).parameters
            assert {one.arg for one in call.keywords} <= set(taken)
    assert seen == set(named)
