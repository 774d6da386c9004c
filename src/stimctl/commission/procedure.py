"""The procedure: every step in its order, on a rig, with an instrument at the load.

It keeps no clock, opens no file and judges nothing itself (`judge` does). Output is put out by the
session of the rig alone, which clears, limits and records it as every other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from stimctl.commission import judge
from stimctl.commission.results import Finding, Result, Verdict
from stimctl.commission.rig import Ask, Found, Instrument, Rig, Seen
from stimctl.commission.settings import FAST_MHZ, NOMINAL_WIDTH_US, Setting, settings_of
from stimctl.commission.waveform import Reading
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import StimctlError
from stimctl.session.row_base import Kind
from stimctl.stimulus.level import Level

OPEN_WITHIN_S: Final = 20.0
AFTER_KILL_S: Final = 2.0
"""So much longer than the device may take is recorded after the host was killed."""
_TRAIN_NOTE: Final = "record from before the first pulse to after the last one"

Tell = Callable[[Result], None]
_Step = Callable[[], Iterator[Result]]


class Procedure:
    """One commissioning. `label`: the serial number on the device, "" where it has none there."""

    def __init__(
        self,
        sheet: CapabilitySheet,
        rig: Rig,
        instrument: Instrument,
        *,
        label: str = "",
        tell: Tell = lambda _: None,
    ) -> None:
        self._sheet = sheet
        self._bench = settings_of(sheet)
        self._rig = rig
        self._instrument = instrument
        self._label = label
        self._tell = tell
        self._nominal = Reading()
        self.found: Found | None = None
        self.results: list[Result] = []

    @property
    def steps(self) -> dict[str, tuple[Finding, _Step]]:
        """Every step by its name, in order, with what is wrong where it cannot be done."""
        steps: dict[str, tuple[Finding, _Step]] = {
            "identity": (Finding.IDENTITY, self._identity),
            "line": (Finding.LINE, self._line),
            "watchdog": (Finding.WATCHDOG, self._watchdog),
            "amplitude": (Finding.AMPLITUDE, self._amplitude),
        }
        for width_us in self._bench.widths_us:
            steps[f"width-{width_us}us"] = (Finding.WIDTH, lambda us=width_us: self._width(us))  # type: ignore[misc]
        for mhz in self._bench.frequencies_mhz:
            name = f"frequency-{mhz // 1000}hz"
            steps[name] = (Finding.FREQUENCY, lambda mhz=mhz: self._frequency(mhz))  # type: ignore[misc]
        steps["balance"] = (Finding.BALANCE, self._balance)
        for number in range(2, self._bench.channels + 1):
            name = f"channel-{number}"
            steps[name] = (Finding.CHANNEL, lambda number=number: self._channel(number))  # type: ignore[misc]
        steps["stop"] = (Finding.STOP_CONFIRMED, self._stop)
        steps["open-electrode"] = (Finding.OPEN_ELECTRODE, self._open)
        steps["host-kill"] = (Finding.HOST_KILL, self._host_kill)
        return steps

    def run(self, only: Sequence[str] = ()) -> tuple[Result, ...]:
        """Every step, or those named; what cannot go on is told, and the rest is not done."""
        for name, (finding, step) in self.steps.items():
            if only and name not in only:
                continue
            if self._is_over:
                self._add(_not_done(name, finding))
                continue
            try:
                for one in step():
                    self._add(one)
            except StimctlError as error:
                self._add(_broken(name, finding, error))
                self._recover()
        self._rig.close()
        return tuple(self.results)

    @property
    def _is_over(self) -> bool:
        """A device that is another one, or does not stop by itself, is not driven any further."""
        ending = (Finding.IDENTITY, Finding.WATCHDOG, Finding.SESSION)
        return any(one.verdict is Verdict.FAILED and one.finding in ending for one in self.results)

    def _add(self, result: Result) -> None:
        self.results.append(result)
        self._tell(result)

    def _recover(self) -> None:
        """A new session after one that broke, where the device lets itself be connected."""
        if self._is_over:
            return
        try:
            self._rig.close()
            self._rig.connect()
        except StimctlError as error:
            self._add(_broken("session", Finding.SESSION, error))

    # -- without output ---------------------------------------------------------------------------

    def _identity(self) -> Iterator[Result]:
        self.found = found = self._rig.connect()
        yield judge.judge_identity(
            "identity", self._sheet.family, self._label, found.family, found.serial
        )

    def _line(self) -> Iterator[Result]:
        from stimctl.commission.judge_line import judge_line

        yield from judge_line("line", self._sheet, {} if self.found is None else self.found.line)

    def _watchdog(self) -> Iterator[Result]:
        if self._sheet.watchdog_us is None:
            yield judge.judge_watchdog("watchdog", None, "")
            return
        outcome = self._rig.check(Setting(1, self._bench.levels[0]))
        yield judge.judge_watchdog("watchdog", self._sheet.watchdog_us, outcome)

    # -- a steady train ---------------------------------------------------------------------------

    def _amplitude(self) -> Iterator[Result]:
        levels = self._bench.levels
        self._rig.begin(Setting(1, levels[-1]))
        readings: list[Reading] = []
        for level in levels:
            self._rig.raise_to(1, level)
            text = self._text(level)
            last = level == levels[-1] and self._bench.has_current
            wants = ("amplitude", "width", "balance") if last else ("amplitude",)
            reading = self._read(f"amplitude-{_plain(text)}", 1, f"amplitude at {text}", wants)
            if not readings:
                yield judge.judge_channel("amplitude", 1, reading)
            readings.append(reading)
            if self._bench.has_current:
                yield judge.judge_amplitude("amplitude", 1, level, reading)
        self._rig.stop()
        if self._bench.has_current:
            self._nominal = readings[-1]
        for (lower, upper), (low, high) in zip(pairwise(levels), pairwise(readings), strict=True):
            if not self._bench.has_current:
                yield judge.judge_growth("amplitude", lower, upper, low, high)
            elif upper - lower == self._bench.step:
                yield judge.judge_step("amplitude", lower, upper, low, high)

    def _width(self, width_us: int) -> Iterator[Result]:
        name = f"width-{width_us}us"
        reading = self._steady(name, Setting(1, self._bench.middle, width_us=width_us), "width")
        yield judge.judge_width(name, width_us, reading)

    def _frequency(self, mhz: int) -> Iterator[Result]:
        name = f"frequency-{mhz // 1000}hz"
        setting = Setting(1, self._bench.middle, frequency_mhz=mhz)
        reading = self._steady(name, setting, "frequency")
        yield judge.judge_frequency(name, mhz, reading)

    def _balance(self) -> Iterator[Result]:
        """Of the recording at the highest amplitude; nothing more is put out for it."""
        if self._bench.has_current:
            yield judge.judge_balance("balance", self._nominal)
            yield judge.judge_width("balance", NOMINAL_WIDTH_US, self._nominal)
            return
        yield Result(
            "balance", "width, frequency and charge of a pulse", Finding.BALANCE, "-", "",
            "they are those of the unit whose pulses it lets through", "-", Verdict.NOT_APPLICABLE,
        )  # fmt: skip

    def _channel(self, number: int) -> Iterator[Result]:
        self._instrument.place(number)
        level = self._bench.levels[0]
        reading = self._steady(f"channel-{number}", Setting(number, level), "amplitude")
        yield judge.judge_channel(f"channel-{number}", number, reading)
        if self._bench.has_current:
            yield judge.judge_amplitude(f"channel-{number}", number, level, reading)
        if number == self._bench.channels:
            self._instrument.place(1)

    def _steady(self, name: str, setting: Setting, wants: str) -> Reading:
        self._rig.begin(setting)
        self._rig.raise_to(setting.channel, setting.most)
        text = f"{name} at {self._text(setting.most)}"
        reading = self._read(name, setting.channel, text, (wants,))
        self._rig.stop()
        return reading

    def _text(self, level: int) -> str:
        return str(Level(self._bench.scale, level))

    def _read(self, file: str, channel: int, text: str, wants: tuple[str, ...]) -> Reading:
        ask = Ask(file, channel, text, wants)
        return self._rig.hold(lambda: self._instrument.read(ask))

    # -- how output ends --------------------------------------------------------------------------

    def _stop(self) -> Iterator[Result]:
        setting = Setting(1, self._bench.train, frequency_mhz=FAST_MHZ)
        ask = Ask("stop", 1, f"a whole train: {_TRAIN_NOTE}")
        self._instrument.ready(ask)
        self._rig.begin(setting)
        seen_before = len(self._rig.events())
        self._rig.raise_to(1, setting.most)
        self._rig.hold(lambda: None)
        after_us = self._rig.stop()
        seen = self._rig.events()[seen_before:]
        yield judge.judge_stop_confirmed("stop", after_us)
        self._rig.wait(AFTER_KILL_S)
        raised_us, stopped_us = self._raised_us(seen), _stopped_us(seen)
        yield judge.judge_stop_measured("stop", raised_us, stopped_us, self._instrument.train(ask))

    def _open(self) -> Iterator[Result]:
        level = self._bench.open_level
        if level is None:
            yield Result(
                "open-electrode", "an open electrode", Finding.OPEN_ELECTRODE, "-", "",
                "the device measures nothing at its electrodes", "-", Verdict.NOT_APPLICABLE,
            )  # fmt: skip
            return
        self._rig.begin(Setting(1, level))
        self._rig.raise_to(1, level)
        self._rig.hold(lambda: self._instrument.open(1))
        code = self._rig.fault_within(OPEN_WITHIN_S)
        if not code:
            self._rig.stop()
        self._rig.close()  # what was found latches until somebody has acknowledged it
        self._instrument.restore(1)
        self._rig.connect()
        yield judge.judge_open("open-electrode", 1, code, OPEN_WITHIN_S)

    def _host_kill(self) -> Iterator[Result]:
        self._rig.close()
        limit_us = self._sheet.longest_run_after_host_death_us
        note = self._sheet.run_after_host_death.note
        ask = Ask("host-kill", 1, f"a whole train, the host is killed in it: {_TRAIN_NOTE}")
        self._instrument.ready(ask)
        setting = Setting(1, self._bench.train, frequency_mhz=FAST_MHZ)
        seen, killed_ns = self._rig.host_kill(setting, self._bench.train)
        if limit_us is None:
            limit_us = 0
        self._rig.wait(limit_us / 1e6 + AFTER_KILL_S)
        train = self._instrument.train(ask)
        yield judge.judge_host_kill(
            "host-kill", limit_us, note, self._raised_us(seen), killed_ns / 1e3, train
        )

    def _raised_us(self, seen: Sequence[Seen]) -> float:
        """When the level was commanded from which the recording of a train counts."""
        for one in seen:
            if one.kind == Kind.SET and int(one.data["level"]) >= self._bench.train_half:
                return one.at_ns / 1e3
        return 0.0


def _stopped_us(seen: Sequence[Seen]) -> float:
    return next((one.at_ns / 1e3 for one in seen if one.kind == Kind.STOPPING), 0.0)


def _plain(text: str) -> str:
    return text.replace(" ", "").replace("%", "percent").replace(".", "_")


def _not_done(step: str, finding: Finding) -> Result:
    return Result(step, "the whole step", finding, "-", "", "a step before it failed",
                  "not done", Verdict.NOT_DONE)  # fmt: skip


def _broken(step: str, finding: Finding, error: StimctlError) -> Result:
    return Result(step, "the step could be done", finding, "done", "", error.why or "-",
                  error.what, Verdict.FAILED)  # fmt: skip
