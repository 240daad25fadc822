"""The plan that puts an account under a key, and its two renderings."""
