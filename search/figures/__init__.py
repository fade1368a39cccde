"""Figures: neighbours, maps, duplicates and label issues."""
