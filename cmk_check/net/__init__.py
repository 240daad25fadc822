"""Network basics: special addresses, proxies, traces, pauses and storage errors."""
