"""Judging a reading and comparing it with what was recorded."""
