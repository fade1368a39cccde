"""A store's vectors on a Milvus server: kept in sync with the rows and searched; every hit is checked by its row."""
