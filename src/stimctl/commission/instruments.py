"""Readings from a person who types them, and from files that a person or a program puts there."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from stimctl.commission.rig import Ask
from stimctl.commission.scope_csv import Samples, ScopeFileError, parse_scope_csv
from stimctl.commission.waveform import Reading, Train, reading_of, train_of
from stimctl.errors import UsageError
from stimctl.records.commissioning import Evidence

LARGEST_BYTES: Final = 256 << 20
ANSWER_WITHIN_S: Final = 300.0
_POLL_S: Final = 0.1
_RECORDED: Final = ("read", "train")

Question = Callable[[str], str]
"""Asks a person one thing and gives what was typed."""


class Recordings:
    """The CSV files of a commissioning: read once, kept beside the record."""

    def __init__(self, keep: Path, ohm: int) -> None:
        self._keep = keep
        self.ohm = ohm
        self.evidence: list[Evidence] = []

    def take(self, path: Path, name: str) -> Samples:
        """Read a recording and keep a copy as NAME.csv. Raises ScopeFileError."""
        try:
            if path.stat().st_size > LARGEST_BYTES:
                raise ScopeFileError(str(path), why=f"over {LARGEST_BYTES >> 20} MB")
            data = path.read_bytes()
        except OSError as error:
            raise ScopeFileError(str(path), why=error.strerror or str(error)) from error
        samples = parse_scope_csv(data.decode("utf-8", "replace"), path.name)
        self._keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._keep / f"{name}.csv").write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        self.evidence = [one for one in self.evidence if one.name != f"{name}.csv"]
        self.evidence.append(Evidence("recording", f"{name}.csv", digest))
        return samples

    def reading(self, path: Path, name: str) -> Reading:
        """What the recording of a steady train shows."""
        found = reading_of(self.take(path, name), self.ohm)
        return replace(found, file=f"{name}.csv", sha256=self.evidence[-1].sha256)

    def train(self, path: Path, name: str) -> Train | None:
        """What the recording of a whole train shows."""
        found = train_of(self.take(path, name))
        if found is None:
            return None
        return replace(found, file=f"{name}.csv", sha256=self.evidence[-1].sha256)


class Typed:
    """A person at the bench, who types numbers, or the path of a recording in place of the first.

    `question` asks; a wrong answer is told and asked again.
    """

    def __init__(
        self, question: Question, recordings: Recordings, say: Callable[[str], None]
    ) -> None:
        self._question = question
        self._recordings = recordings
        self._say = say

    def place(self, channel: int) -> None:
        """Ask for the load and the probe to be moved."""
        self._question(f"Move resistor and probe to channel {channel}, then press Enter")

    def read(self, ask: Ask) -> Reading:
        """Ask for each quantity that is judged."""
        path_or_volt = f"{ask.text}: height of the first phase in V (0: no pulses), or a CSV's path"
        first = self._value(path_or_volt, ask)
        if isinstance(first, Path):
            return self._recordings.reading(first, ask.file)
        reading = Reading(amplitude_ua=first * 1e6 / self._recordings.ohm, pulses=int(first > 0))
        if not first:
            return reading
        if "width" in ask.wants or "balance" in ask.wants:
            reading = replace(reading, width_us=self._number("width of the first phase in us"))
        if "frequency" in ask.wants:
            frequency = self._number("pulses a second in Hz")
            reading = replace(reading, frequency_mhz=frequency * 1_000)
        if "balance" in ask.wants:
            volt = self._number("height of the second phase in V, without its sign")
            width = self._number("width of the second phase in us")
            share = 1 - volt * width / (first * (reading.width_us or 1.0))
            reading = replace(reading, imbalance_permille=abs(share) * 1_000)
        return reading

    def ready(self, ask: Ask) -> None:
        """Ask for the oscilloscope to be armed."""
        self._question(f"Ready the oscilloscope for {ask.text}. Then press Enter")

    def train(self, ask: Ask) -> Train | None:
        """Ask for the time between two pulses, or a recording."""
        what = "from the first pulse above half of the final height to the last pulse, in ms"
        first = self._value(f"{ask.text}. Time {what} (0: no pulses), or a CSV's path", ask)
        if isinstance(first, Path):
            return self._recordings.train(first, ask.file)
        if not first:
            return None
        over = self._question("Did the output end before the recording did? (yes or no)")
        return Train(first * 1e3, 20_000.0, ends_open=over.strip().lower() != "yes")

    def open(self, channel: int) -> None:
        """Ask for the lead to be pulled; what follows is waited for."""
        self._say(f"NOW pull one lead of channel {channel} off the resistor")

    def restore(self, channel: int) -> None:
        """Ask for the lead to be put back."""
        self._question(f"Put the lead of channel {channel} back, then press Enter")

    def _value(self, text: str, ask: Ask) -> float | Path:
        while True:
            typed = self._question(text).strip()
            path = Path(typed).expanduser()
            if typed.endswith(".csv") or (typed and path.is_file()):
                try:
                    self._recordings.take(path, ask.file)
                except ScopeFileError as error:
                    self._say(str(error))
                    continue
                return path
            number = _number(typed)
            if number is not None:
                return number
            self._say(f"{typed!r} is neither a number (0 or more, a point as decimal mark) nor a "
                      "file that ends in .csv")  # fmt: skip

    def _number(self, text: str) -> float:
        while True:
            number = _number(self._question(text))
            if number is not None and number > 0:
                return number
            self._say("a number above 0 is expected, with a point as decimal mark")


class Folder:
    """Files in a folder, put there by a program: for each thing a request, and its answer.

    `NAME.request` says in JSON what is wanted: {"what", "file", "channel", "text"}. The answer of
    "read" and "train" is `NAME.csv`, of "ready", "place", "open" and "restore" an empty
    `NAME.done`. Each is put there whole, under another name first.
    """

    def __init__(
        self, folder: Path, recordings: Recordings, *, within_s: float = ANSWER_WITHIN_S
    ) -> None:
        self._folder = folder
        self._recordings = recordings
        self._within_s = within_s

    def place(self, channel: int) -> None:
        """Load and probe on another channel."""
        self._ask("place", f"place-{channel}", channel, f"load and probe on channel {channel}")

    def read(self, ask: Ask) -> Reading:
        """A steady train is on."""
        path = self._ask("read", ask.file, ask.channel, ask.text)
        return self._recordings.reading(path, ask.file)

    def ready(self, ask: Ask) -> None:
        """A train begins next."""
        self._ask("ready", f"{ask.file}-ready", ask.channel, ask.text)

    def train(self, ask: Ask) -> Train | None:
        """The train is over."""
        path = self._ask("train", ask.file, ask.channel, ask.text)
        return self._recordings.train(path, ask.file)

    def open(self, channel: int) -> None:
        """The load off."""
        self._ask("open", f"open-{channel}", channel, f"the load off channel {channel}")

    def restore(self, channel: int) -> None:
        """The load back."""
        self._ask("restore", f"restore-{channel}", channel, f"the load on channel {channel}")

    def _ask(self, request_for: str, file: str, channel: int, text: str) -> Path:
        ending = "csv" if request_for in _RECORDED else "done"
        answer = self._folder / f"{file}.{ending}"
        answer.unlink(missing_ok=True)
        told: dict[str, Any] = {"what": request_for, "file": file, "channel": channel, "text": text}
        request = self._folder / f"{file}.request"
        beside = request.with_suffix(".writing")
        beside.write_text(json.dumps(told) + "\n", encoding="utf-8")
        beside.replace(request)
        give_up = time.monotonic() + self._within_s
        while not answer.exists():
            if time.monotonic() > give_up:
                raise UsageError(
                    f"there is no {answer}", why=f"nobody has put it there within "
                    f"{self._within_s:.0f} s", what_to_do=f"answer {request.name}: {text}",
                )  # fmt: skip
            time.sleep(_POLL_S)
        request.unlink(missing_ok=True)
        return answer


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e6 and text.isascii() and "_" not in text else None
