"""`python -m stimctl.supervisor`: a session's own process; see `stimctl.supervisor.serve`."""

import contextlib
import gc
import os
import sys


def _run() -> int:
    gc.disable()  # while modules are loaded nothing is thrown away, and searching them takes 20 ms
    from stimctl.supervisor.serve import main

    gc.freeze()  # nor later: no turn of the session's loop has to wait for that
    gc.enable()
    return main(sys.argv[1:])


if __name__ == "__main__":
    exit_code = _run()
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    # Threads that wait for a pipe or a disk must not hold up the end: all that matters is done.
    os._exit(exit_code)
