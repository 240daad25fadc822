"""The scan: start, plan, run a slice, finish. It accesses Azure only through ports.

Every step raises StoreError or QueueError if its message must be delivered again.
"""
