"""A host that is killed: raises a train, tells so on one line, and waits for its end.

`python -m stimctl.commission.killed_host JSON`, started by `session_rig`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

from stimctl.commission.session_rig import (
    HOLD,
    Bench,
    BenchDevice,
    begin_setting,
    raise_session,
)
from stimctl.commission.settings import Setting
from stimctl.errors import StimctlError
from stimctl.session.row_base import Kind
from stimctl.supervisor.families import family_named

_LONGEST_S: Final = 60.0
_TOLD: Final = frozenset({Kind.SET, Kind.ACK, Kind.JOURNAL})


def main(text: str) -> None:
    """Run it. It ends by itself after a minute, with a stop."""
    told: Mapping[str, Any] = json.loads(text)
    bench, sheet = Bench.from_json(told["bench"]), family_named(told["family"]).sheet
    setting = Setting(told["channel"], told["most"], frequency_mhz=told["frequency_mhz"])
    try:
        with BenchDevice(bench) as session:
            session.try_stop()
            begin_setting(session, bench, sheet, setting)
            raise_session(session, sheet, setting.channel, told["level"])
            events = [row for row in session.events() if row["kind"] in _TOLD]
            journal = next(row for row in events if row["kind"] == Kind.JOURNAL)
            rows = [row for row in events if row["kind"] != Kind.JOURNAL]
            ready = {"supervisor": session.supervisor, "session": journal["session"],
                     "events": rows}  # fmt: skip
            _tell(ready)
            give_up = time.monotonic() + _LONGEST_S
            while time.monotonic() < give_up:
                session.hold(HOLD)
                time.sleep(1.0)
    except StimctlError as error:
        _tell({"error": str(error)})


def _tell(told: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
