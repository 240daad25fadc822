"""The views: one module for each resource of the HTTP API."""
