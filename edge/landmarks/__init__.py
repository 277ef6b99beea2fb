"""Where hands are in a picture."""
