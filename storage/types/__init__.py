"""What goes into a store, what comes out of it, and what may be asked of it."""
