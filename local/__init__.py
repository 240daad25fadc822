"""Stand-ins for Azure, for a laptop. They are never deployed."""
