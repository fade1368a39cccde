"""A store asked over HTTP: read-only, closed by default, with the answers of the library."""
