"""How long a store is open: closed ones, dropped ones, and those of forked processes."""
