"""The use case: start, plan, run a slice, finish. It reaches Azure through ports alone."""
