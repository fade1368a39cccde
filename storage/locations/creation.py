"""Create a store's catalog so that it is there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.catalog.catalog import Catalog
from storage.databases.sqlite_file import SqliteFile
from storage.errors import StoreCorrupt
from storage.files import durable, layout
from storage.files.lock import WriterLock
from storage.maintenance import verification
from storage.types.embedding import Embedding


@contextmanager
def new_store_folder(folder: Path) -> Iterator[WriterLock]:
    """Give the writer lock of a folder that may become a store; it is released only when that fails.

    Raise StoreExists, NotAStore, StoreBusy or StoreUnwritable.
    """
    layout.require_free(folder)
    durable.make_folder(folder)
    layout.require_own_files(folder, writing=True)
    lock = WriterLock(folder / layout.WRITER_LOCK)
    try:
        # Looked at again: another process may have made a store before this one held the lock.
        layout.require_free(folder)
        durable.remove(folder / f"{layout.NEW_CATALOG}-journal")
        durable.write_empty(folder / layout.NEW_CATALOG)
        yield lock
    except BaseException:
        lock.release()
        raise


def write_empty_catalog(folder: Path, embedding: Embedding) -> None:
    """Fill the empty file under the temporary name and rename it, so that a catalog is there whole or not at all."""
    new = folder / layout.NEW_CATALOG
    database = SqliteFile(new)
    try:
        database.create_tables()
        with database.writing() as connection:
            Catalog(connection).begin(embedding)
    finally:
        database.close()
    durable.rename(new, folder / layout.CATALOG)


def finish_copied_catalog(folder: Path, dim: int) -> None:
    """Prove the copy under the temporary name whole, and give it its name; raise StoreCorrupt when it is not."""
    new = folder / layout.NEW_CATALOG
    database = SqliteFile(new)
    try:
        with database.writing() as connection:
            catalog = Catalog(connection)
            # The index files are not copied; the copy makes its own.
            catalog.history.forget_generations(before=catalog.history.next_generation())
            wrong = next(verification.problems(catalog, folder, dim), None)
        if wrong is not None:
            raise StoreCorrupt(
                f"expected a whole store to back up, got '{wrong}': run `python -m storage repair` first"
            )
    finally:
        database.close()
    durable.rename(new, folder / layout.CATALOG)
