"""Tables, rows and keys: the store in Azure Table Storage, and one in memory."""
