"""When a sign happened, and which."""
