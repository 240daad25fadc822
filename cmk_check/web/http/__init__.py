"""What all requests share: middleware, errors, responses, paging, the OpenAPI document."""
