"""Letters and signs become text."""
