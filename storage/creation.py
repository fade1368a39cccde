"""Create a store's catalog so that it is there whole or not at all."""

from pathlib import Path

from storage import durable, layout
from storage.catalog import Catalog
from storage.database import Database
from storage.embedding import Embedding


def write_empty_catalog(folder: Path, embedding: Embedding) -> None:
    """Write a catalog under a temporary name and rename it, so that it is there whole or not at all."""
    new = folder / layout.NEW_CATALOG
    durable.remove(new.with_name(f"{layout.NEW_CATALOG}-journal"))
    durable.write_empty(new)
    database = Database(new)
    try:
        database.create_tables()
        with database.writing() as connection:
            Catalog(connection).write_embedding(embedding)
    finally:
        database.close()
    durable.rename(new, folder / layout.CATALOG)
