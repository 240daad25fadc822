"""Network basics: special addresses, proxies, Retry-After."""
