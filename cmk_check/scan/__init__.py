"""The scan: start, plan, run a slice, finish. It accesses Azure only through ports."""
