"""Journal files, their catalogue and verification, and the files a user hands in."""
