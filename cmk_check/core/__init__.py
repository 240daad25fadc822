"""The domain as pure functions, which do not use Azure, the clock, the environment or the log."""
