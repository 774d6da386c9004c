"""What the screens show, without Textual; the plain face reads the same."""
