"""The names that a mistyped one may have meant: one rule for files, options and the library."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Of two names that differ in one of these, none is a misspelling of the other: to suggest the
# opposite of what was written would be worse than to suggest nothing.
_OPPOSITES = (
    ("asymmetric", "symmetric"),
    ("left", "right"),
    ("upper", "lower"),
    ("up", "down"),
    ("on", "off"),
    ("highest", "lowest"),
    ("flexor", "extensor"),
    ("flexors", "extensors"),
    ("anterior", "posterior"),
)


def meant_by(name: str, names: Iterable[str], *, most: int = 1, cutoff: float = 0.6) -> list[str]:
    """The names nearest to `name`, the nearest first; `cutoff` 0..1 says how near they must be.

    A name that differs in its case only, or begins as the one that was written, comes first. One
    that says the opposite is never among them.
    """
    words = _words(name)
    possible = [known for known in names if not _opposed(words, _words(known))]
    folded = name.casefold()
    same = [known for known in possible if known.casefold() == folded]
    longer = [
        known
        for known in sorted(possible, key=len)
        if len(folded) > 2 and known.casefold().startswith(folded)
    ]
    by_case = {known.casefold(): known for known in possible}
    near = [
        by_case[one] for one in difflib.get_close_matches(folded, by_case, n=most, cutoff=cutoff)
    ]
    return list(dict.fromkeys([*same, *longer, *near]))[:most]


def _words(name: str) -> frozenset[str]:
    for sign in "_./ ":
        name = name.replace(sign, "-")
    return frozenset(name.casefold().split("-"))


def _opposed(words: frozenset[str], others: frozenset[str]) -> bool:
    return any(
        (one in words and other in others and one not in others)
        or (other in words and one in others and other not in others)
        for one, other in _OPPOSITES
    )
