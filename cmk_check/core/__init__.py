"""The domain as pure functions, without Azure, clock, environment, log or disk access."""
