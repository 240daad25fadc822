"""What holds for every request: middleware, errors, responses, paging, the contract."""
