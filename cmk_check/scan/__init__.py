"""The use case: start, plan, run_slice, finish."""
