"""The session engine, sans-IO: states, ramps, supervision rules, events."""
