"""Long random sessions: `python -m tests.soak`, and `make soak`."""
