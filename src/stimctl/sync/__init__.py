"""Sends whole sessions to the PostgreSQL server of a clinic; the journal here stays the truth."""
