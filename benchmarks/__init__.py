"""stimctl measured beside its peers and beside physical limits, in one run."""
