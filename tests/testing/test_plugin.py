"""The pytest plug-in, as another project meets it: in a pytest of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from firmware_sim.devices import BUILT_IN
from firmware_sim.process import TwinProcess
from tests.support.broad import broad, broad_rows

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "testing-with-twins.md"


def run_pytest(folder: Path, test: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A pytest run of a project that has stimctl installed."""
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n", encoding="utf-8")
    (folder / "test_mine.py").write_text(test, encoding="utf-8")
    ours = ("STIMCTL", "PYTEST_ADDOPTS")
    environment = {
        name: value for name, value in os.environ.items() if not any(one in name for one in ours)
    }
    environment |= variables
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "-p", "stimctl.testing.plugin", "-W", "error", "test_mine.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


def summary(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr


@pytest.mark.pty
def test_the_example_in_the_documentation_passes(tmp_path: Path) -> None:
    example = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    done = run_pytest(tmp_path, example)
    assert re.match(r"1 passed", summary(done)), done.stdout


def test_to_a_run_without_twins_the_plug_in_adds_three_small_modules_and_nothing_else() -> None:
    code = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        "import stimctl.testing.plugin\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["stimctl", "stimctl.testing", "stimctl.testing.plugin"]


def test_every_twin_has_a_fixture_of_its_name() -> None:
    from stimctl.testing import plugin

    fixtures = [name for name in vars(plugin) if name.endswith("_twin") and name[0] != "_"]
    assert sorted(fixtures) == sorted(
        ["stimulator_twin", *(f"{one.name}_twin" for one in BUILT_IN)]
    )


def test_names_that_other_projects_use_are_left_to_them(tmp_path: Path) -> None:
    done = run_pytest(
        tmp_path,
        """
import pytest

@pytest.fixture(scope="session")
def virtual_bench():
    return "an oscilloscope"

@pytest.fixture
def device_twin():
    return "a thing of the internet"

@pytest.mark.twin
def test_mine(virtual_bench, device_twin, stimctl_bench):
    assert (virtual_bench, device_twin) == ("an oscilloscope", "a thing of the internet")

@pytest.mark.twin("a sibling", born=1990)
def test_of_siblings(virtual_bench):
    pass

@pytest.mark.twin("a sibling")
@pytest.mark.stimctl_twin
def test_of_both(stimctl_bench):
    pass

@pytest.mark.twin(device="p24")
def test_by_the_old_name(stimctl_bench):
    pass
""",
    )
    assert summary(done).startswith("3 passed, 1 error"), done.stdout
    assert "write @pytest.mark.stimctl_twin, not twin" in done.stdout


@pytest.mark.broad
@pytest.mark.pty
def test_a_twin_fixture_needs_no_engine_and_judges_the_record(tmp_path: Path) -> None:
    done = run_pytest(
        tmp_path,
        """
import sys, time
import pytest, serial
from firmware_sim.firmware.sciencemode4_frames import encode
from firmware_sim.invariant import Rules

# one biphasic channel at 10 mA, 200 us, each 20 ms
UPDATE = b"\\x01\\x10\\x00\\x50" + b"".join(
    (200 << 20 | (300 + sign * 20) << 10).to_bytes(4, "big") for sign in (1, -1))

def stimulate(twin):
    with serial.serial_for_url(twin.url, timeout=20) as port:
        for command, data in ((30, b"\\0"), (32, UPDATE), (34, b"")):
            port.write(encode(1, command, data))
            port.read_until(b"\\x0f")
    twin.wait_for(lambda rows: any(row["kind"] == "train" for row in rows))

@pytest.mark.parametrize("again", [1, 2])
def test_within_the_rules(p24_twin, again):
    stimulate(p24_twin)
    assert p24_twin.url.startswith("/") and p24_twin.record.exists()
    assert p24_twin.ledger()[1].peak_ma == 10
    assert not {"pydantic", "textual", "stimctl.bench"} & set(sys.modules)

LOW = Rules(ceiling=9_500, needs_start=False, limits_rise=False)

@pytest.mark.stimctl_twin(tcp=True, rules=LOW)
def test_above_a_ceiling(p24_twin):
    assert p24_twin.url.startswith("socket://127.0.0.1:")
    stimulate(p24_twin)

@pytest.mark.stimctl_twin(rules=Rules(needs_start=False))
def test_all_at_once(p24_twin):
    stimulate(p24_twin)

@pytest.mark.no_invariant("to see that it is not judged")
@pytest.mark.stimctl_twin(rules=Rules())
def test_opted_out(p24_twin):
    stimulate(p24_twin)
""",
    )
    assert summary(done).startswith("5 passed, 2 errors"), done.stdout
    assert "channel 1: the level was raised from 0 to 10000 uA, more than 1000 uA" in done.stdout
    assert "the output broke a safety rule: [device limits]" in done.stdout
    assert "channel 1: 10000 uA ordered, ceiling 9500 uA" in done.stdout


@pytest.mark.broad
@pytest.mark.pty
def test_scenario_faults_and_seed_of_the_mark_reach_the_twin(tmp_path: Path) -> None:
    done = run_pytest(
        tmp_path,
        """
import pytest, serial
from firmware_sim.firmware.sciencemode4_frames import encode

@pytest.mark.stimctl_twin(scenario="lead-off", faults=["mute@0s"], seed=9)
def test_mute(p24_twin):
    with serial.serial_for_url(p24_twin.url, timeout=0.5) as port:
        port.write(encode(1, 52, b""))
        assert port.read(1) == b""
    begins = [row for row in p24_twin.rows() if row.get("event") == "begins"]
    assert [row["fault"] for row in begins] == ["mute"]

@pytest.mark.stimctl_twin(scenario="no-such-scenario")
def test_unknown(p24_twin):
    pass

@pytest.mark.stimctl_twin(scenery="x")
def test_misspelt(p24_twin):
    pass

@pytest.mark.stimctl_twin(faults=["mute@1"])
def test_without_a_unit(stimctl_bench):
    pass

@pytest.mark.stimctl_twin(faults="mute@1s")
def test_one_text(p24_twin):
    pass

@pytest.mark.stimctl_twin(scenario="shorted", load=500)
def test_two_loads(p24_twin):
    pass

@pytest.mark.stimctl_twin(device="p42")
def test_no_such_device(stimulator_twin):
    pass

@pytest.mark.stimctl_twin(device="rehastim2")
def test_two_devices(p24_twin):
    pass

def test_unnamed(stimulator_twin):
    pass

def device_of(twin):
    with serial.serial_for_url(twin.url, timeout=0.5) as port:
        assert port.is_open
    (clock,) = [row for row in twin.rows() if row["kind"] == "clock"]
    return clock["device"]

@pytest.mark.stimctl_twin(device="openemsstim")
def test_a_board(stimulator_twin):
    assert device_of(stimulator_twin) == "openemsstim"

def test_each(openemsstim_twin, rehastim2_twin, rehamove3_twin):
    devices = [device_of(one) for one in (openemsstim_twin, rehastim2_twin, rehamove3_twin)]
    assert devices == ["openemsstim", "rehastim2", "rehamove3"]
""",
    )
    assert summary(done).startswith("3 passed, 8 errors"), done.stdout
    mark = "@pytest.mark.stimctl_twin: "
    assert f"test_unknown: {mark}no scenario 'no-such-scenario'; there are:" in done.stdout
    assert "unexpected keyword argument 'scenery'" in done.stdout
    assert f"test_without_a_unit: {mark}'1': give a time with its unit" in done.stdout
    assert f"test_one_text: {mark}faults='mute@1s': give a list of NAME@TIME" in done.stdout
    assert f"test_two_loads: {mark}a scenario has loads of its own" in done.stdout
    assert f"test_no_such_device: {mark}no twin is called 'p42'; there are: p24," in done.stdout
    assert "test_two_devices: the mark names rehastim2, and p24 was asked for" in done.stdout
    assert "test_unnamed: which device?" in done.stdout


@pytest.mark.broad
def test_a_stimctl_bench_is_judged_as_it_runs(tmp_path: Path) -> None:
    done = run_pytest(
        tmp_path,
        """
import pytest

UPDATE = b"\\x01\\x10\\x00\\x50" + b"".join(
    (200 << 20 | (300 + sign * 20) << 10).to_bytes(4, "big") for sign in (1, -1))

def inject(bench):
    from firmware_sim.firmware.sciencemode4_frames import encode
    bench.twin.receive(0, encode(1, 30, b"\\0"))
    bench.twin.advance(100_000_000)
    bench.twin.receive(100_000_000, encode(1, 32, UPDATE))
    bench.twin.advance(300_000_000)
    bench.twin.power_off(300_000_000)

def test_connects(stimctl_bench):
    from stimctl.session.intents import Connect
    from stimctl.session.states import State
    bench = stimctl_bench(family="p24")
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=10**10)

@pytest.mark.stimctl_twin(device="rehastim2")
def test_another_connects(stimctl_bench):
    from stimctl.session.intents import Connect
    from stimctl.session.states import State
    bench = stimctl_bench()
    bench.command(Connect())
    assert bench.run_to_state(State.IDENTIFIED, within_ns=10**10)
    assert bench.driver.sheet.family == bench.twin.family == "rehastim2"

def test_no_device_is_named(stimctl_bench):
    stimctl_bench()

def test_somebody_else_stimulates(stimctl_bench):
    inject(stimctl_bench(family="p24"))

def test_swallowed(stimctl_bench):
    try:
        inject(stimctl_bench(family="p24"))
    except AssertionError:
        pass

@pytest.mark.no_invariant(" ")
def test_without_a_reason(stimctl_bench):
    pass

@pytest.mark.stimctl_twin(faults=["mute@0s"], device="p24")
def test_mute(stimctl_bench):
    from stimctl.session.intents import Connect
    from stimctl.session.states import State
    bench = stimctl_bench()
    bench.command(Connect())
    assert not bench.run_to_state(State.IDENTIFIED, within_ns=5 * 10**9)
""",
    )
    assert "2 failed" in summary(done), done.stdout
    assert "[arming and start]" in done.stdout
    assert "which device? Write @pytest.mark.stimctl_twin(device=NAME)" in done.stdout
    assert 'write @pytest.mark.no_invariant("why")' in done.stdout
    failed = re.findall(r"^(?:FAILED|ERROR) test_mine\.py::(\w+)", done.stdout, re.MULTILINE)
    assert set(failed) == {
        "test_no_device_is_named",
        "test_somebody_else_stimulates",
        "test_swallowed",
        "test_without_a_reason",
    }


def test_a_project_without_twins_is_left_alone(tmp_path: Path) -> None:
    done = run_pytest(
        tmp_path, "def test_mine():\n    import sys\n    assert 'firmware_sim' not in sys.modules\n"
    )
    assert summary(done).startswith("1 passed"), done.stdout


def test_the_entry_point_is_declared() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '[project.entry-points.pytest11]\n"stimctl.testing.plugin" =' in text


_BOTH = """
import firmware_sim

def test_ours(p24_twin, stimctl_bench):
    assert p24_twin.ledger().running is False
    assert stimctl_bench(family="p24").state.value == "disconnected"

def test_theirs():
    import firmware_sim as again
    assert again is firmware_sim
    assert firmware_sim.MINE == 1
"""

_LATE = """
def test_ours(p24_twin, stimctl_bench):
    assert stimctl_bench(family="p24").state.value == "disconnected"

def test_theirs():
    import firmware_sim
    assert firmware_sim.MINE == 1
"""


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.parametrize(
    "kind", broad(["package", "module", "conftest", "not imported", "PYTHONPATH"], every=4)
)
def test_a_project_with_a_firmware_sim_of_its_own_has_both(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "elsewhere" if kind == "PYTHONPATH" else tmp_path
    if kind == "module":
        (place / "firmware_sim.py").write_text("MINE = 1\n")
    else:
        (place / "firmware_sim").mkdir(parents=True)
        (place / "firmware_sim" / "__init__.py").write_text("MINE = 1\n")
    if kind == "conftest":
        (tmp_path / "conftest.py").write_text("import firmware_sim.process\n")
        (place / "firmware_sim" / "process.py").write_text("")
    test = _LATE if kind == "not imported" else _BOTH
    found = os.pathsep.join([str(place), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    done = run_pytest(tmp_path, test, PYTHONPATH=found.rstrip(os.pathsep))
    assert re.match(r"2 passed", summary(done)), done.stdout


_SLEEPS = """
import os, pathlib, time

def test_it(p24_twin, pytestconfig):
    place = pathlib.Path(pytestconfig.rootpath, "pid")
    {more}
    place.with_suffix(".part").write_text(str(p24_twin.process.pid))
    place.with_suffix(".part").rename(place)
    {end}
"""


@pytest.mark.pty
@pytest.mark.parametrize(
    ("more", "end"),
    broad_rows(
        [
            ("", "time.sleep(100)"),
            ("", "os._exit(1)"),
            ("os.fork() or time.sleep(8) or os._exit(0)", "time.sleep(100)"),
        ],
        every=3,
    ),
    ids=["killed", "os._exit", "killed with a child"],
)
def test_a_twin_ends_with_the_pytest_that_has_started_it(
    tmp_path: Path, more: str, end: str
) -> None:
    (tmp_path / "test_mine.py").write_text(_SLEEPS.format(more=more, end=end))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    give_up = time.monotonic() + 60
    while not (tmp_path / "pid").exists():
        assert time.monotonic() < give_up, "no twin was started"
        time.sleep(0.02)
    twin = int((tmp_path / "pid").read_text())
    if "sleep" in end:
        process.kill()
    process.wait()
    while Path(f"/proc/{twin}").exists():
        assert time.monotonic() < give_up, "the twin lives on"
        time.sleep(0.02)


@pytest.mark.pty
def test_a_twin_outlives_the_thread_that_has_started_it(tmp_path: Path) -> None:
    started: list[TwinProcess] = []
    thread = threading.Thread(target=lambda: started.append(TwinProcess(device="p24")))
    thread.start()
    thread.join()
    try:
        assert started[0].process.poll() is None
    finally:
        assert started[0].end() == 0
