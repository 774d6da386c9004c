"""Digital twins of stimulators, written from the wire specifications alone.

Nothing here imports stimctl, so that a misreading on one side shows as a failing test.
"""
