"""python -m tests.soak: simulated sessions on all cores, or one again by its seed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from tests.soak.soak_campaign import Tally, campaign
from tests.soak.soak_report import report
from tests.soak.soak_session import play


def main() -> int:
    """Exit code 1 after a violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (600)")
    parser.add_argument(
        "--first", type=int, default=0, metavar="N", help="number of the first seed"
    )
    parser.add_argument("--workers", type=int, default=None, help="processes (one for each core)")
    parser.add_argument("--replay", metavar="SEED", help="play this session and nothing else")
    options = parser.parse_args()
    if options.replay:
        outcome = play(options.replay)
        print(outcome)
        return int(outcome.violation is not None)
    tally = campaign(
        options.seconds, first=options.first, workers=options.workers, tell=_told_on_terminal()
    )
    print(report(tally, options.seconds))
    return int(bool(tally.violations))


def _told_on_terminal() -> Callable[[Tally], None] | None:
    if not sys.stderr.isatty():
        return None

    def tell(tally: Tally) -> None:
        sys.stderr.write(
            f"\r{tally.p24.output_hours:.1f} h with output on, "
            f"{tally.p24.faults_while_running} faults while running on a P24, "
            f"{len(tally.violations)} violations "
        )

    return tell


if __name__ == "__main__":
    sys.exit(main())
