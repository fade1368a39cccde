"""The files in a store's folder: written durably, locked, checked, and the index files derived from the rows."""
