"""The edge to dashboards and people: the HTTP API over the store."""
