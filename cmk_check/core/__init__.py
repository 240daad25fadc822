"""The part that decides: pure, free of Azure, clock, environment and logging."""
