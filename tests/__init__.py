"""The tests of stimctl; `tests.support` holds what several of them share."""
