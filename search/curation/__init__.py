"""Find duplicates and label issues in a store."""
