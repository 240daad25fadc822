"""Compares the program's cost with the floor, the least that the same work can cost."""
