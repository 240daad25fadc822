"""The outbox relay, the log lines, the webhook and its texts."""
