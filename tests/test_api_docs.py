"""The Python API can be read where it is used: each method says what it takes and raises."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import stimctl
from stimctl.api import Device, connect

#: Only these raise nothing of their own: they read what is known.
_READS = {"state", "readings", "events", "results"}


def public() -> dict[str, Callable[..., Any]]:
    methods = inspect.getmembers(Device, inspect.isfunction)
    named = {name: call for name, call in methods if not name.startswith("_")}
    return {**named, "connect": connect, "__enter__": Device.__enter__, "__exit__": Device.__exit__}


@pytest.mark.parametrize("name", sorted(public()))
def test_every_call_says_what_it_takes_and_what_it_raises(name: str) -> None:
    call = public()[name]
    text = inspect.getdoc(call) or ""
    assert ("Raises:" in text) is (name not in _READS)
    taken = [one for one in inspect.signature(call).parameters if one != "self"]
    if name != "__exit__" and taken:
        told = text.partition("Args:")[2]
        assert [one for one in taken if f"{one}: " not in told] == []


@pytest.mark.parametrize("name", sorted(public()))
def test_every_error_that_is_named_is_one_of_ours(name: str) -> None:
    text = (inspect.getdoc(public()[name]) or "").partition("Raises:")[2]
    for line in text.splitlines():
        head = line.strip().partition(":")[0]
        for word in head.split(", "):
            if word.endswith("Error"):
                assert hasattr(stimctl.errors, word), word


def test_what_the_package_offers_is_listed_and_there() -> None:
    offered = {"Device", "aio", "connect", "errors", "__version__"}
    assert offered <= set(dir(stimctl))
    assert all(getattr(stimctl, name) is not None for name in offered)
