"""The HTTP API over the store: routes, parameters of queries, models of answers."""
