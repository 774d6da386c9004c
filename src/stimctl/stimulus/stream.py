"""Numbers that look drawn by chance and follow from a seed alone, on any machine and any Python.

SplitMix64 (Steele, Lea, Flood 2014, doi 10.1145/2660193.2660195: constants R). Each number is
found from its index, so that any moment of a programme can be looked up without those before it.
"""

from __future__ import annotations

import hashlib

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15


def seed_for(seed: int, *names: str) -> int:
    """A seed of 64 bits for one use: it depends on every name, and on no other use."""
    text = "\x1f".join((str(seed), *names))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big")


def mixed(state: int) -> int:
    """The output function: 64 bits in, 64 bits out, one to one."""
    z = state & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def drawn(seed: int, index: int, below: int) -> int:
    """The number of this index: any of 0 .. `below` - 1, each as likely.

    What would make some of them likelier is thrown away, and the next one of its own sequence is
    taken.
    """
    own = mixed(seed + (index + 1) * _GAMMA)
    fair = (1 << 64) - (1 << 64) % below
    attempt = 1
    while (number := mixed(own + attempt * _GAMMA)) >= fair:
        attempt += 1
    return number % below


def shuffled(seed: int, count: int) -> tuple[int, ...]:
    """0 .. `count` - 1 in an order of chance (Fisher-Yates)."""
    order = list(range(count))
    for last in range(count - 1, 0, -1):
        other = drawn(seed, last, last + 1)
        order[last], order[other] = order[other], order[last]
    return tuple(order)
