"""Where a store lives, and how it is created there."""
