"""The vectors nearest to a query, in memory: an index proposes them, and float64 decides."""
