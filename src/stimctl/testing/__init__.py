"""Tests against digital twins: a pytest plug-in with twins, a virtual bench and the invariant.

Importing it costs nothing but pytest itself; everything else is imported when a fixture needs it.
"""
