"""Publishing and delivering changes: the outbox relay, the queues, log lines, the webhook."""
