"""Key health: whether the key behind a compliant account can be used."""
