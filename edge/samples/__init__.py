"""The shipped clip."""
