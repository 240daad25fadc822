"""Evidence for auditors: files made from responses of the HTTP API, signed and verified."""
