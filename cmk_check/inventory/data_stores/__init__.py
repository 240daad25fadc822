"""Reads where accounts keep data: projects and the stores that they name."""
