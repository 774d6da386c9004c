"""Capability sheet and driver of each device family: sans-IO, time handed in as integer ns."""
