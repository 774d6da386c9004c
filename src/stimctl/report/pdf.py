"""A page as PDF: the same page, tagged for a screen reader; the same page gives the same bytes.

Its identifier is the hash of the page that it was made from.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any, Final

from stimctl.errors import UsageError

_VARIANT: Final = "pdf/ua-1"
"""The standard for PDF that a screen reader can read."""
_TIME: Final = "SOURCE_DATE_EPOCH"
"""The variable by which programs are told which time to write, in seconds since 1970."""
_LIBRARIES: Final = {
    "linux": "Debian, Ubuntu: sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 "
    "libharfbuzz-subset0. Fedora: sudo dnf install pango. Then repeat the command",
    "darwin": "brew install pango, then repeat the command",
    "win32": "Install MSYS2, there: pacman -S mingw-w64-ucrt-x86_64-pango, then repeat the command",
}


def render_pdf(page: str) -> bytes:
    """The page as PDF. Raises UsageError where what makes it is not installed."""
    found = _weasyprint()
    document = found.HTML(string=page, url_fetcher=_nothing_is_loaded)
    identifier = page_identifier(page).encode()
    with _no_time_in_fonts():
        made: bytes = document.write_pdf(pdf_variant=_VARIANT, pdf_identifier=identifier)
    return made


@contextlib.contextmanager
def _no_time_in_fonts() -> Iterator[None]:
    """Where the system's own library for it is missing, fonts are cut down by one that writes into
    each of them when that was done: the same page would not give the same bytes."""
    before = os.environ.get(_TIME)
    os.environ[_TIME] = before or "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_TIME]


def page_identifier(page: str) -> str:
    """What a PDF of this page carries as its identifier."""
    return hashlib.sha256(page.encode()).hexdigest()[:32]


def _weasyprint() -> Any:
    try:
        # It prints a hint of its own about libraries that are missing; ours has the command. Of one
        # it warns that a later release needs it: the release that we allow makes the same page.
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "HarfBuzz-Subset", DeprecationWarning)
            import weasyprint
    except ImportError as error:
        raise UsageError(
            "a PDF needs WeasyPrint, which is not installed",
            why="it is an extra of stimctl, because it needs libraries of the system",
            what_to_do=f"Install it: {sys.executable} -m pip install 'stimctl[pdf]'. Or leave out "
            "--pdf: the web page can be printed, too",
        ) from error
    except OSError as error:
        raise UsageError(
            "a PDF needs Pango, which is not installed",
            why=str(error).split("\n")[0][:200],
            what_to_do=f"{_LIBRARIES.get(sys.platform, 'Install Pango')}. Or leave out --pdf: the "
            "web page can be printed, too",
        ) from error
    return weasyprint


def _nothing_is_loaded(url: str, *_args: Any, **_more: Any) -> Any:
    raise ValueError(f"a report loads nothing: {url}")
