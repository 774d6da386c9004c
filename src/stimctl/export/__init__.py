"""Recorded sessions in the forms that other programs read: what is in them, and their files."""
