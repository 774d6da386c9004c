"""In the path of a child of a process on the made-up Windows: it is there, too."""

import sys

from made_up_windows import become_windows

become_windows(("typer", "pydantic", "cryptography") if "stimctl" in sys.orig_argv else ())
