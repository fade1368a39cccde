"""Figures of query results, of a whole store as a map, and of what curation finds."""
