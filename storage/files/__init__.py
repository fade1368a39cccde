"""What lies in a store's folder: files that are written durably, and the index files that are derived from the rows."""
