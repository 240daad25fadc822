"""The domain, as pure functions: no Azure, clock, environment or log, and no disk but its texts."""
