"""Makes docs/reference/twin-record.md from the kinds of rows in `firmware_sim`.

`python tools/make_twin_record.py` writes the page; a test says when it is not up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from firmware_sim.firmware.row_kinds import KINDS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "twin-record.md"

_HEAD = """# The record of a twin

Made by `python tools/make_twin_record.py` from `firmware_sim/firmware/row_kinds.py`; do not edit.

`python -m firmware_sim DEVICE --record FILE` writes what reaches the electrodes, and why: one
JSON object a line, written when it happens, so that a test in any language can read the file
meanwhile. Each object has `kind` and the members of its kind. Leave aside kinds and members that
you do not know: new ones may be added, and none is renamed or gets another meaning without a line
in the [changelog](../../CHANGELOG.md).

Times (`..._us`) are microseconds of the twin's clock, which begins at 0. The row `clock` has the
machine's monotonic clock at that moment. Currents are in uA. `points` is a list of `[time_us,
current_ua]`, one pair for each part of the pulse, in order. A channel is counted from 1.
"""

_TAIL = """## Judging a record

    python -m firmware_sim judge FILE [--limit-rise] [--ceiling LEVEL]
    python -m firmware_sim ledger FILE

Both print one JSON object on stdout, and complain on stderr. Start the twin with `--wiretap`: the
judge reads the bytes too.

| exit code | meaning |
| --- | --- |
| 0 | `ledger`: done; `judge`: every rule is kept |
| 1 | a rule is broken |
| 2 | nothing can be said: no record, no bytes in it, an unknown device |

`judge` (`firmware_sim.judge/1`) has `kept`, `device`, `rows`, `bytes` (whether the bytes were
judged too) and `broken`: a list with the first violation, since what comes after it may follow
from it. A violation has `rule`, `at_us`, `channel` (null: all) and `what`, in words. [The
rules](../how-to/testing-with-twins.md) are the limits of the device, its watchdog, and that nothing
reaches the electrodes that no command asked for; `--limit-rise` adds those of a ramp, `--ceiling`
a maximum of your own.

`ledger` (`firmware_sim.ledger/1`) has `device`, `monotonic_ns_at_0`, `latest_us`,
`last_output_us`, `running` (a train with current goes on where the record ends) and `channels`,
by their number as text: `pulses`, `peak_ma`, `charge_uc` (first phases), `net_charge_uc`,
`rms_worst_second_ma`, `first_output_us`, `last_output_us`, `test_pulses`, `test_charge_uc`.
`possible` has, by channel, how long current was possible (`on_us`) and whether it still is
(`on`). An attenuator has no current of its own, so its record has no pulses and no `channels`:
only `possible` tells of it.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_kinds(), _TAIL])


def _kinds() -> Iterator[str]:
    for name, kind in KINDS.items():
        more = " It has more members, by its `event`." if kind.open else ""
        yield f"## `{name}`\n"
        yield f"{kind.meaning}{more}\n"
        yield "| member | type | meaning |"
        yield "| --- | --- | --- |"
        for member, (type_, meaning, always) in kind.members.items():
            yield f"| `{member}` | {type_}{'' if always else ', or absent'} | {meaning} |"
        yield ""


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
