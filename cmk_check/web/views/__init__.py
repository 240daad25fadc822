"""One module for each question that the HTTP API answers."""
