"""Plant bugs, and see that they are noticed."""
