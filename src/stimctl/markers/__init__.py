"""Markers out: the events of a session for recorders beside it, as LSL samples or TTL edges.

A marker output reads what a face is told anyway. The supervisor knows nothing of it, and never
waits for it.
"""
