"""The scan: start, plan, run slices, finish."""
