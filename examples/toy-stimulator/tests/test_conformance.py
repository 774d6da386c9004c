"""The toy conforms; needs the package to be installed."""

from stimctl.testing.conformance import Conformance


class TestToy(Conformance):
    family = "toy"
