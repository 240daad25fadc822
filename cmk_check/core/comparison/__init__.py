"""What is new in a reading, and which changes follow from it."""
