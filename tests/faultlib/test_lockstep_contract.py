"""The lock-step contract: what is said, what is refused, and a process is as good as a twin."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.faults import parse_fault
from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.sciencemode4_frames import encode
from firmware_sim.lockstep import CONTRACT, LONGEST_LINE, LONGEST_RUN_US, LockStep, serve_lockstep
from firmware_sim.lockstep_client import LockStepError, LockStepTwin, twin_command
from firmware_sim.scenarios import scenario
from firmware_sim.situation import faulty_twin
from tests.support.examples import examples
from tests.support.faulty_host import MS, SECOND, TEN_MA, FaultyHost, perform
from tests.support.twin_host import biphasic, pulse, train, update

INIT = encode(1, Command.ML_INIT, b"\0").hex()
UPDATE = encode(2, Command.ML_UPDATE, TEN_MA).hex()
STATUS = encode(3, Command.GET_STIM_STATUS, b"").hex()


def ask(lockstep: LockStep, line: str) -> list[dict[str, Any]]:
    return list(lockstep.obey(line.encode()))


def machine() -> LockStep:
    return LockStep(P24Twin(), "p24")


def talk(*lines: str | bytes) -> list[dict[str, Any]]:
    source = io.BytesIO(b"".join(x if isinstance(x, bytes) else x.encode() + b"\n" for x in lines))
    sink = io.BytesIO()
    serve_lockstep(machine(), source, sink)
    return [json.loads(line) for line in sink.getvalue().splitlines()]


def test_it_says_once_which_contract_it_speaks() -> None:
    assert talk() == [{"t_us": 0, "hello": CONTRACT, "device": "p24"}]


def test_time_moves_only_on_run() -> None:
    lockstep = machine()
    for line in (f"tx {INIT}", f"tx {STATUS}", "load 1 open", "gone", "nonsense"):
        assert {answer["t_us"] for answer in ask(lockstep, line)} == {0}
    assert ask(lockstep, "run 250")[-1]["t_us"] == 250
    assert ask(lockstep, "run 0")[-1]["t_us"] == 250


def test_answers_come_at_their_time() -> None:
    lockstep = machine()
    first = ask(lockstep, f"tx {INIT}")
    assert first == [{"t_us": 0, "ok": True, "next_us": 80_000, "stimulating": False}]
    told = ask(lockstep, "run 100000")
    assert [answer["t_us"] for answer in told] == [80_000, 80_000, 100_000]
    assert told[0]["record"]["kind"] == "state"
    assert bytes.fromhex(told[1]["rx"]) == encode(1, Command.ML_INIT + 1, b"\0")
    assert told[2] == {"t_us": 100_000, "ok": True, "next_us": None, "stimulating": False}


def test_a_row_comes_at_the_time_it_is_made() -> None:
    lockstep = machine()
    for line in (f"tx {INIT}", "run 100000"):
        ask(lockstep, line)
    assert "train_open" in {
        one.get("record", {}).get("kind") for one in ask(lockstep, f"tx {UPDATE}")
    }
    told = ask(lockstep, "run 10000000")
    assert {one["t_us"] for one in told if "record" in one} == {2_100_000}
    assert told[-1]["stimulating"] is False


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        "walk 5",
        "RUN 5",
        "run",
        "run -1",
        "run 1.5",
        "run 1e3",
        "run 1 2",
        f"run {LONGEST_RUN_US + 1}",
        "run " + "9" * 5000,
        "tx",
        "tx 0",
        "tx xy",
        "tx 00 00",
        "load 1",
        "load 9 500",
        "load 1 0",
        "load one 500",
        "load 1 -5",
        "gone now",
        "off 1",
        "run 5\x00",
    ],
)
def test_bad_input_gets_an_error_and_changes_nothing(line: str) -> None:
    lockstep = machine()
    ask(lockstep, f"tx {INIT}")
    ask(lockstep, "run 500")
    before = ask(lockstep, "run 0")
    (answer,) = ask(lockstep, line)
    assert (answer["t_us"], set(answer)) == (500, {"t_us", "error"})
    assert answer["error"]
    assert ask(lockstep, "run 0") == before


def test_a_line_that_is_no_line_is_refused_and_the_next_is_obeyed() -> None:
    told = talk(b"\xff\xfe\n", b"x" * (3 * LONGEST_LINE) + b"\n", "run 7", b"run 5")
    assert [set(one) & {"error", "ok"} for one in told[1:]] == [
        {"error"},
        {"error"},
        {"ok"},
        {"ok"},
    ]
    assert told[-1]["t_us"] == 12


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([b"run 1000", b"tx f00f"]))))
def test_whatever_comes_each_line_has_one_end(lines: list[bytes]) -> None:
    lines = [line.replace(b"\n", b"") for line in lines]
    told = talk(*(line + b"\n" for line in lines))
    assert sum("ok" in one or "error" in one for one in told) == len(lines)
    times = [one["t_us"] for one in told]
    assert times == sorted(times)


def random_session(twin: Any, seed: int) -> tuple[list[tuple[int, bytes]], list[dict[str, Any]]]:
    """A host that says anything at any time."""
    chance = random.Random(seed)
    host = FaultyHost(twin)
    says: list[Callable[[], object]] = [
        lambda: host.send(Command.ML_INIT, b"\0"),
        lambda: host.send(Command.ML_UPDATE, TEN_MA),
        lambda: host.send(
            Command.ML_UPDATE, update(c2=train(biphasic(40), 7_250, ramp=3), c4=train(biphasic(15)))
        ),
        lambda: host.send(Command.ML_GET_CURRENT_DATA, b"\4"),
        lambda: host.send(Command.ML_STOP),
        lambda: host.send(Command.LL_INIT, b"\x10"),
        lambda: host.send(Command.LL_CHANNEL_CONFIG, pulse(biphasic(20), 3)),
        lambda: host.send(Command.LL_STOP),
        lambda: host.send(chance.randrange(200), chance.randbytes(3)),
        lambda: host.send_bytes(chance.randbytes(20)),
        lambda: twin.set_load(chance.randint(1, 8), chance.choice([None, 500, 9_000])),
        twin.line_lost,
    ]
    for _ in range(150):
        chance.choice(says)()
        host.run_for(chance.choice([0, 1, 700, 41 * MS, 90 * MS, 400 * MS, 2_500 * MS]))
    twin.power_off(host.now_us * 1000)
    return host.bytes, twin.records()


@pytest.mark.parametrize("seed", range(3))
def test_the_process_is_the_twin_in_the_same_random_session(seed: int) -> None:
    options = ("--seed", str(seed), "--load", "700", "--wiretap")
    with LockStepTwin(*options, command=twin_command("p24")) as process:
        there = random_session(process, seed)
    assert there == random_session(P24Twin(seed, 700, wiretap=True), seed)


def test_faults_are_the_same_in_the_process() -> None:
    texts = ("drop@3s,permille=300,for=4s", "reset-keeps-output@9s", "flip@12s,ppm=5000")
    options = [part for text in texts for part in ("--fault", text)]
    here = faulty_twin("p24", faults=[parse_fault(text) for text in texts], seed=4)
    with LockStepTwin("--seed", "4", *options, command=twin_command("p24")) as process:
        assert perform(process) == perform(here)._replace(changes=())


def test_a_scenario_is_the_same_in_the_process() -> None:
    with LockStepTwin("--scenario", "lift-and-return", command=twin_command("p24")) as process:
        there = perform(process)
    here = perform(scenario("lift-and-return").start("p24"))
    assert there.timeline == here.timeline
    # What happened before the first command is told with the first command there.
    assert [row for _, row in there.rows] == [row for _, row in here.rows]


def test_the_process_says_whether_it_may_stimulate_and_when_to_wake_it() -> None:
    with LockStepTwin(command=twin_command("p24")) as process:
        host = FaultyHost(process)
        host.ask(Command.ML_INIT, b"\0")
        assert process.stimulating is False
        host.ask(Command.ML_UPDATE, TEN_MA)
        assert process.stimulating is True
        assert process.deadline() == 2_080 * MS * 1000
        assert process.now_us == host.now_us
        assert process.drain() != []
        assert process.records() == []


def test_a_refused_command_is_an_error_of_the_client() -> None:
    with (
        LockStepTwin(command=twin_command("p24")) as process,
        pytest.raises(LockStepError, match="channel 9"),
    ):
        process.set_load(9, 500)


NATIVE = """
import sys
say = lambda text: (sys.stdout.write(text + chr(10)), sys.stdout.flush())
say('{"t_us":0,"hello":"firmware_sim.lockstep/1","device":"emulated"}')
now = 0
for line in sys.stdin:
    word, value = line.split()
    if word == "run": now += int(value)
    else: say('{"t_us":%d,"rx":"%s"}' % (now, value))
    say('{"t_us":%d,"ok":true}' % now)
"""


def test_a_firmware_that_does_not_know_when_to_wake_is_polled() -> None:
    with LockStepTwin(command=[sys.executable, "-c", NATIVE], poll_us=250) as process:
        assert process.deadline() == 250_000
        process.receive(10_000_000, b"\xf0\x0f")
        assert process.deadline() == 10_000_000, "bytes wait"
        assert process.transmit() == b"\xf0\x0f"
        assert process.deadline() == 10_250_000


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("print('hello')", "not JSON"),
        ("print('[]')", "not a JSON object"),
        ("print('{}')", "does not speak"),
        ("", "ended"),
        ('print(\'{"hello":"firmware_sim.lockstep/1"}\', flush=True)', "ended|takes no command"),
    ],
)
def test_what_breaks_the_contract_is_found(program: str, says: str) -> None:
    with pytest.raises(LockStepError, match=says):
        LockStepTwin(command=[sys.executable, "-c", program])


def test_what_hangs_is_given_up() -> None:
    program = "import sys; sys.stdin.read()"
    with pytest.raises(LockStepError, match="no answer"):
        LockStepTwin(command=[sys.executable, "-c", program], patience_s=0.05)


def test_after_its_end_it_takes_no_command() -> None:
    process = LockStepTwin(command=twin_command("p24"))
    process.close()
    with pytest.raises(LockStepError, match="takes no command"):
        process.advance(SECOND * 1000)


def test_the_record_is_written_besides(tmp_path: Any) -> None:
    record = tmp_path / "record.jsonl"
    with LockStepTwin("--record", str(record), command=twin_command("p24")) as process:
        FaultyHost(process).ask(Command.ML_INIT, b"\0")
        rows = process.records()
    assert [json.loads(line) for line in record.read_text().splitlines()] == rows != []


def test_the_page_that_describes_it_is_true() -> None:
    """The example of docs/how-to/lock-step.md, word for word."""
    from pathlib import Path

    page = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "lock-step.md"
    _, _, rest = page.read_text(encoding="utf-8").partition("```text example\n")
    lines = rest.partition("```")[0].splitlines()
    given = [line.removeprefix("> ") for line in lines if line.startswith("> ")]
    expected = [json.loads(line) for line in lines if not line.startswith("> ")]
    done = subprocess.run(
        [sys.executable, "-m", "firmware_sim", "p24", "--lock-step"],
        input="\n".join(given) + "\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == expected
