"""What is seen: each a Textual widget that shows one value."""
