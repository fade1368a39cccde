"""Duplicates and label issues."""
