"""The terminal UI: screens, keys, themes, and a STOP that does not wait for any of them."""
