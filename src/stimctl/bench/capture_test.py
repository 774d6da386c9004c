"""A comparison as a test: a file for pytest beside a copy of the capture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from stimctl.bench.capture_compare import Comparison
from stimctl.errors import UsageError
from stimctl.records.captures import SUFFIX, CaptureHeader, read_capture
from stimctl.records.whole_file import write_whole

_TEST = '''"""The twin of a {family} says what the device said in {capture}.

{device}. Captured with stimctl {stimctl}, {started}, origin: {origin}.
When this file was written the comparison had found {found}.
"""

from pathlib import Path

import pytest

from stimctl.bench.capture_compare import compare_file

CAPTURE = Path(__file__).with_name("{capture}")
TWIN_OPTIONS = {options!r}


@pytest.mark.no_invariant("the twin is judged here, and not the host of the capture")
def test_the_twin_says_what_the_device_said_in_{name}() -> None:
    compared = compare_file(
        CAPTURE, TWIN_OPTIONS, tolerance_ns={tolerance_ns:_}, cut_ok={cut_ok}
    )
    assert compared.same, str(compared)
'''


def write_test(
    folder: Path, capture: Path, compared: Comparison, options: Sequence[str], *, cut_ok: bool
) -> tuple[Path, Path]:
    """Write the test and the copy of the capture into `folder`, which must be there; both paths.

    The test fails as long as the comparison finds a difference. Raises UsageError where a file is
    there already or cannot be written.
    """
    stem = capture.name.removesuffix(SUFFIX).removesuffix(".jsonl")
    name = re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_").lower() or "capture"
    test, copy = folder / f"test_capture_{name}.py", folder / f"{name}{SUFFIX}"
    header = read_capture(capture, cut_ok=cut_ok).header
    text = _text(name, copy.name, header, compared, options, cut_ok=cut_ok)
    for path, data in ((copy, capture.read_bytes()), (test, text.encode())):
        if path == capture.resolve():
            continue  # the capture is where its copy would be
        try:
            write_whole(path, data, replace=False)
        except FileExistsError as error:
            raise _not_written(path, "it is there already") from error
        except OSError as error:
            raise _not_written(path, error.strerror or str(error)) from error
    return test, copy


def _text(
    name: str,
    copy: str,
    header: CaptureHeader,
    compared: Comparison,
    options: Sequence[str],
    *,
    cut_ok: bool,
) -> str:
    serial_number, firmware = (_plain(text) for text in compared.device)
    device = f"Serial number {serial_number or 'unknown'}, firmware {firmware or 'unknown'}"
    count = len(compared.differences)
    return _TEST.format(
        family=header.family,
        capture=copy,
        device=device,
        stimctl=_plain(header.stimctl),
        started=_plain(header.started),
        origin=_plain(header.origin),
        found="no difference" if not count else f"{count} difference{'s' * (count > 1)}",
        options=tuple(options),
        name=name,
        tolerance_ns=compared.tolerance_ns,
        cut_ok=cut_ok,
    )


def _plain(text: str) -> str:
    """What a device or a file says of itself must not end the text it is put into."""
    return re.sub(r"[^\w .,:+()-]", "?", text, flags=re.ASCII)


def _not_written(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} cannot be written", why=why, what_to_do="Give another folder")
