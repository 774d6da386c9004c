"""A desk without a terminal: a stepped clock, a client that notes or a bench that answers."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stimctl.bench import Bench
from stimctl.bench.families import driver_of, twin_of
from stimctl.errors import StimctlError
from stimctl.session.config import EngineConfig
from stimctl.session.facts import InputSample
from stimctl.session.intents import LoadPlan, Stop
from stimctl.supervisor.commands import Command, intent_of, parse_command
from stimctl.supervisor.device_names import parse_device
from stimctl.supervisor.face_input import item_of
from stimctl.supervisor.replies import REFUSALS, compiled_of, refusal_of
from stimctl.supervisor.setup import SessionSetup
from stimctl.supervisor.wire_errors import decode_error, encode_error
from stimctl.tui.model.bedside import Bedside
from stimctl.tui.model.desk import Desk
from stimctl.tui.model.jobs import InlineJobs
from stimctl.tui.model.keymap import Keymap
from stimctl.tui.model.pages import pages_of
from stimctl.tui.model.stopping import StopLine
from stimctl.tui.plain.face import PlainFace
from tests.support.headless import Headless

MS = 1_000_000
S = 1_000_000_000
AT = "2026-11-21T10:31:05.114000000Z"


class SteppedClock:
    """Time that stands still until somebody steps it."""

    def __init__(self) -> None:
        self.now_ns = 1_000 * S

    def mono_ns(self) -> int:
        return self.now_ns

    def wall_text(self, *, seconds: bool = True) -> str:
        return "10:31:05" if seconds else "10:31"


class BenchClient:
    """Engine, driver and twin on the virtual bench, spoken to as a supervisor is."""

    exit_code: int | None = None
    runs_after_host_death_us: int | None = None

    def __init__(self, device: str, options: list[str], on_row: Callable[[Any], None]) -> None:
        family = parse_device(device).family
        self.bench = Bench(
            EngineConfig(watchdog_test=False, find_channels="--find-channels" in options),
            twin=twin_of(family), driver=driver_of(family),
        )  # fmt: skip
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self._setup = SessionSetup(self.bench.driver.sheet)
        self._on_row = on_row
        self._told = 0
        self._plan: Any = None
        self._device = device

    def start(self) -> None:
        hello = {"kind": "hello", "mono_ns": 0, "device": self._device, "address": "bench",
                 "t": AT}  # fmt: skip
        self._on_row(hello)

    def beat(self) -> None:
        self.bench._beat()

    def rows(self, timeout_s: float | None = None) -> Iterator[Any]:
        return iter(())

    @property
    def output_may_be_on(self) -> bool:
        return self.bench.state.value in ("armed", "running", "paused", "unknown")

    def send(self, do: str, **fields: object) -> int:
        with contextlib.suppress(StimctlError):
            self._do(do, fields)
        return 0

    def ask(self, do: str, timeout_s: float = 0.0, **fields: Any) -> Any:
        return self._do(do, fields)

    def close(self) -> int:
        self._do("stop", {})
        self.pass_time(S)
        return 0 if self.bench.state.value != "unknown" else 6

    def _do(self, do: str, fields: dict[str, Any]) -> Any:
        self.sent.append((do, dict(fields)))
        if do == "stop":
            self.bench.command(Stop(str(fields.get("reason", ""))))
            self.tell()
            return {}
        command = parse_command(json.dumps({"do": do, **fields}).encode())
        before = len(self.bench.events)
        told = self._act(command)
        self.tell()
        for event in self.bench.events[before:]:
            if event.kind in REFUSALS:
                raise decode_error(encode_error(refusal_of(event)))
        return told

    def _act(self, command: Command) -> Any:
        fields = command.fields
        match command.do:
            case "load":
                return self._setup.load(fields["path"], fields["sha256"])
            case "channel":
                return self._setup.channel(fields)
            case "options":
                return self._setup.options(fields)
            case "compile":
                return self._compile()
            case "inputs":
                return {"path": "none", "token": "none"}
            case "sample":
                sample = item_of(json.dumps({"do": "sample", **fields}).encode())
                assert isinstance(sample, InputSample)
                self.bench.notify(sample)
        intent = intent_of(command)
        if intent is not None:
            self.bench.command(intent)
        if command.do == "connect" and self.bench.driver.sheet.boot_us is None:
            self.pass_time(S // 2)
        return {}

    def _compile(self) -> Any:
        plan = self._plan = self._setup.compile()
        self.bench.command(LoadPlan(plan))
        return compiled_of(plan)

    def pass_time(self, ns: int) -> None:
        self.bench.run_for(ns)
        self.tell()

    def tell(self) -> None:
        """The events since, as rows on the desk's clock."""
        events = self.bench.events[self._told :]
        self._told = len(self.bench.events)
        for event in events:
            row = event.as_dict()
            row["t"] = AT
            self._on_row({**row, "mono_ns": int(row["mono_ns"]) + 1_000 * S})


class World:
    """A desk over a bench, with one clock for both."""

    def __init__(self, state: Path, **options: Any) -> None:
        self.clock = SteppedClock()
        self.clients: list[BenchClient] = []
        self.stop_line = StopLine()
        self._ui: Headless | None = None
        self.bed = Bedside(self.stop_line, InlineJobs(), self._client, state, lambda _words: None)
        options = {"theme": "mono", "pages": pages_of, **options}
        self.desk = Desk(self.bed, options.pop("keymap", Keymap()), self.clock, **options)

    def _client(self, device: str, options: list[str], on_row: Any) -> BenchClient:
        client = BenchClient(device, options, on_row)
        client.bench.run_for(self.clock.now_ns - 1_000 * S)
        self.clients.append(client)
        return client

    @property
    def bench(self) -> Bench:
        return self.clients[-1].bench

    def pass_time(self, ns: int, step_ns: int = 100 * MS) -> None:
        """Time passes for the clock, the bench and the desk, in steps of a tick."""
        while ns > 0:
            step = min(ns, step_ns)
            self.clock.now_ns += step
            ns -= step
            for client in self.clients[-1:]:
                client.pass_time(self.clock.now_ns - 1_000 * S - client.bench.now_ns)
            self.desk.tick()

    def press(self, key: str) -> None:
        """One key now, by the table of actions: what the bindings of the screens are made from."""
        desk = self.desk
        if desk.guarded(key, self.clock.now_ns):
            return
        action = desk.keymap.action_for(key, desk.offers())
        if action is None:
            desk.say_no(key)
        else:
            desk.do(action, by_key=True)

    def key(self, *keys: str) -> None:
        """Keys, a tenth of a second apart."""
        for key in keys:
            self.pass_time(100 * MS)
            self.press(key)
            self.desk.take_rows()

    def begin(self, device: str, protocol: str) -> None:
        """Connected, started where that takes a board its time, and a plan; L-ATT acknowledged."""
        from stimctl.tui.model.planning import choose

        self.bed.connect(device)
        self.desk.take_rows()
        boot_us = self.bench.driver.sheet.boot_us
        if boot_us is not None:
            self.pass_time(boot_us * 1_000 + S)
        self.bed.take(choose(protocol))
        if self.bed.warning == "L-ATT":
            self.bed.accept_warning()

    def to_run(self, protocol: str = "tens-conventional", device: str = "sim:p24") -> None:
        """The demo up to the Run screen."""
        self.bed.take_person("DEMO-1")
        self.begin(device, protocol)
        self.desk.open("run")
        self.desk.take_rows()

    def to_running(
        self, protocol: str = "tens-conventional", steps: int = 0, device: str = "sim:p24"
    ) -> None:
        """Armed, started, raised by so many steps."""
        self.to_run(protocol, device)
        self.key("a")
        self.pass_time(500 * MS)
        self.key("g")
        self.pass_time(500 * MS)
        self.key("alt+1")
        for _ in range(steps):
            self.pass_time(800 * MS)
            self.key("up")

    @property
    def ui(self) -> Headless:
        """The screens over this desk, begun when they are first asked for."""
        return self.ui_of_size()

    def ui_of_size(self, width: int = 80, height: int = 24) -> Headless:
        """As above; the first size is that of the terminal. To change it later costs as much as to
        begin."""
        if self._ui is None:
            self._ui = Headless(self, (width, height))
            self._ui.__enter__()
        return self._ui

    def text(self, width: int = 80, height: int = 24) -> str:
        """The screen in words, at this size."""
        if self._ui is None:  # at rest and drawn, once it is there
            return self.ui_of_size(width, height).text
        self._ui.be_of_size(width, height)
        return self._ui.text

    def close(self) -> None:
        """End the screens, where there are any."""
        if self._ui is not None:
            ui, self._ui = self._ui, None
            ui.settle()  # a screen that is half built would be taken apart
            ui.__exit__(None, None, None)

    def page_is_run(self) -> bool:
        return self.desk.front.name == "run"

    def set_level(self, channel: int = 1) -> int:
        return self.bed.live.channels[channel].set_level


def type_lines(world: World, face: PlainFace, *lines: str) -> None:
    """Lines for the plain face, 0.9 s apart."""
    for line in lines:
        world.pass_time(800 * MS)
        face.obey(line)
        world.pass_time(100 * MS)
        face._speak()
