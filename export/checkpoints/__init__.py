"""Shipped weights, and reading the weights that users have."""
