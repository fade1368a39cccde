"""What keeps a catalog: a file of SQLite's or a schema on a PostgreSQL server; how it is named, made and opened."""
