"""The HTTP API over the store: routes, query parameters, response models."""
