"""The delivered dose of a recorded session, as pandas tables and a plot.

    python delivered_dose.py [SESSION] [PLOT.png]

SESSION is an id of `stimctl sessions list`, or `last`. Needs `pip install 'stimctl[examples]'`.

Planned, commanded, acknowledged and measured figures are never added up: what a device has
acknowledged is the dose, and two bounds hold what was given. A device in percent has no charge.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

FIGURES = ["pulses", "charge_uc", "peak_ma", "peak_percent", "on_s"]


def tables(session: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Figures of each channel, and samples of its output: a damaged record is refused (exit 7)."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "session"
        export = ["sessions", "export", session, "--to", "csv", "--out", str(folder)]
        subprocess.run([sys.executable, "-m", "stimctl", *export], check=True, capture_output=True)
        return pd.read_csv(folder / "channels.csv"), pd.read_csv(folder / "samples.csv")


def dose(channels: pd.DataFrame) -> pd.DataFrame:
    """A row for each channel, source and bound of it. Empty means not known, and is not zero."""
    return channels.set_index(["channel", "source", "bound"])[FIGURES].sort_index()


def plot(channels: pd.DataFrame, samples: pd.DataFrame, path: Path) -> None:
    """Amplitude over time, and the charge of each channel with its bounds."""
    figure = Figure(figsize=(10, 4), layout="tight")
    over_time, charges = figure.subplots(1, 2, width_ratios=(2, 1))
    acknowledged = samples[(samples.source == "acknowledged") & samples.known]
    level = "level_ma" if acknowledged.level_ma.notna().any() else "level_percent"
    for channel, rows in acknowledged.groupby("channel"):
        over_time.step(rows.since_start_s, rows[level], where="post", label=f"channel {channel}")
    over_time.set(xlabel="time since start, s", ylabel=f"acknowledged {level}")
    if not acknowledged.empty:  # a session of less than a second has no sample
        over_time.legend()
    given = channels[channels.source == "acknowledged"]
    charge = given.pivot(index="channel", columns="bound", values="charge_uc")
    best, least, most = charge["figure"], charge["at_least"], charge["at_most"]
    charges.bar(charge.index.astype(str), best, yerr=[best - least, most - best], capsize=6)
    charges.set(xlabel="channel", ylabel="acknowledged charge of first phases, uC")
    figure.savefig(path)


def main(words: list[str]) -> int:
    """Print the dose, and write the plot where a file is named."""
    try:
        channels, samples = tables(words[0] if words else "last")
    except subprocess.CalledProcessError as error:
        print(error.stderr.decode(), end="", file=sys.stderr)
        return int(error.returncode)
    if channels.empty:
        print("this session had no output")
        return 0
    print(dose(channels).to_string())
    if words[1:]:
        plot(channels, samples, Path(words[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
