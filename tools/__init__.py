"""Programs that make pages and pictures, and that try the tests; each is run by its path."""
