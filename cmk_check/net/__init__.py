"""What is true of any network: special addresses, proxies, Retry-After."""
