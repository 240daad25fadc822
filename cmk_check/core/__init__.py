"""The domain, as pure functions: no Azure, clock, disk, environment or log."""
