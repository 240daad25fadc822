"""The edge to whoever must hear of changes: the outbox relay and the queues."""
