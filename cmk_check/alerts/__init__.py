"""The relay from outbox to feed, log lines, the webhook and its texts."""
