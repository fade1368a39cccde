"""Databases that hold a catalog: a SQLite file, or a schema of a PostgreSQL server."""
