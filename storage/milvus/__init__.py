"""Vectors on a Milvus server: kept up to date with the rows, searched, and never believed without them."""
