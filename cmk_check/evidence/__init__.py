"""What an auditor gets: files made from answers of the HTTP API, signed and checked."""
