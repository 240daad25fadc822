"""Middleware, errors, headers, paging, the OpenAPI document."""
