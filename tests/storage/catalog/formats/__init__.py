"""A small store of every older format, and the answers that it must always give."""
