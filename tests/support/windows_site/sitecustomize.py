"""In the path of a program: from its start it runs on the made-up Windows, and so do its children.

What packages of others are on Windows cannot be seen there: they are loaded before, as they are on
this system.
"""

import sys

from tests.support.made_up_windows import become_windows

_PACKAGES = {
    "pytest": (
        "cryptography", "jinja2", "numpy", "pydantic", "rich.console", "textual.app",
        "typer",
    ),
    "stimctl": ("cryptography", "pydantic", "typer"),
    "tests.support.on_windows": (
        "_pytest.pytester", "cryptography", "jinja2", "pydantic", "pytest", "rich.console",
        "textual.app", "typer",
    ),
}  # fmt: skip

become_windows(next((_PACKAGES[name] for name in sys.orig_argv if name in _PACKAGES), ()))
