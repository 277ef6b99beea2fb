"""Data sets, augmentation and recipes."""
