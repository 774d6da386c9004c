"""Words instead of screens: one sentence an event, commands typed as words."""
