"""The model families and their registry."""
