"""The process around the session engine: inbox, port, journal thread, client and stop path."""

import sys

RUNS_HERE = sys.platform != "win32"
"""Whether this system can run a session. `platform_support` says what is missing where not."""
