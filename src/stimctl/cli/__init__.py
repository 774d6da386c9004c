"""The command line: data on stdout, words on stderr, one exit code that says how it ended."""
