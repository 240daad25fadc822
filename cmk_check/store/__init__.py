"""Tables, rows and keys: Table Storage, and the same store in memory."""
