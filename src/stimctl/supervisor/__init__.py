"""The process around the session engine: inbox, port, journal thread, client and stop path."""
