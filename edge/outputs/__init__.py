"""Where captions go: console and JSON lines."""
