"""Device firmware as pure functions of (time, bytes): one set of modules per device family."""
