"""Makes limits.md and screening.md in docs/reference from the tables in stimctl.safety."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stimctl.safety.limits import LIMITS, Limit
from stimctl.safety.screening import CONDITIONS, Rule, Where

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
_MADE = "Made by `python tools/make_reference.py` from `{source}`; do not edit."
_CERTAINTY = """\
Certainty: **R** read in a primary text; **R2** read in a text that quotes it; **M+**, **M?**
unverified; **D** decided here."""
_LIMITS_TEXT = """\
A stimulus over a limit is refused, never reduced. The smallest bound in effect decides: the
standard's, the device's, the clinic's, the protocol's, the person's and the session's. `ceiling`
and `block` refuse, `warn` asks for an acknowledgement, `rule` and `info` say how the others are
evaluated."""
_SCREENING_TEXT = """\
Before output on hardware each condition is answered for the person. `block` and `site` cannot be
overridden, `specialist` needs a named specialist's approval, `caution` an acknowledgement. A clinic
may make the list stricter, never looser. Source lists differ among themselves."""


def pages() -> dict[Path, str]:
    """The text of each page."""
    return {FOLDER / "limits.md": _limits(), FOLDER / "screening.md": _screening()}


def _limits() -> str:
    rows = [
        (one.id, _quantity(one), _value(one), str(one.action), one.source, one.certainty, one.note)
        for one in LIMITS
    ]
    return _page(
        "Limits",
        "src/stimctl/safety/limits.py",
        _LIMITS_TEXT,
        ("id", "quantity", "value", "action", "source", "certainty", "note"),
        rows,
    )


def _screening() -> str:
    rows = [
        (one.id, one.text, "; ".join(map(_level, one.rules)), one.basis, one.certainty)
        for one in CONDITIONS
    ]
    return _page(
        "Screening: the conditions that are asked about",
        "src/stimctl/safety/screening.py",
        _SCREENING_TEXT,
        ("id", "condition", "level", "basis", "certainty"),
        rows,
    )


def _page(
    title: str, source: str, text: str, head: Iterable[str], rows: Iterable[tuple[str, ...]]
) -> str:
    table = [tuple(head)]
    table += [("---",) * len(table[0]), *rows]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in table)
    return f"# {title}\n\n{_MADE.format(source=source)}\n\n{text}\n\n{_CERTAINTY}\n\n{lines}\n"


def _quantity(limit: Limit) -> str:
    return "" if limit.quantity is None else str(limit.quantity)


def _value(limit: Limit) -> str:
    return "" if limit.value is None else f"{limit.value:,} {limit.unit}".replace(",", " ")


def _level(rule: Rule) -> str:
    return f"{rule.level}" if rule.where is Where.ANYWHERE else f"{rule.level} ({rule.where})"


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
