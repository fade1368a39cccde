"""An open store: where it is, what was loaded of it, and how it is closed."""

import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from storage.catalog.database import Database
from storage.errors import NotAStore, store_closed
from storage.locations.location import Location
from storage.types.embedding import Embedding
from storage.view import CurrentView, View

if TYPE_CHECKING:
    from storage.milvus.engine import Engine


class OpenStore:
    """A store from its opening to its end, which closes itself when it is dropped.

    `open_engine` connects to the vector server for an embedding; None if the store has none. Once it is closed, every
    method raises StoreClosed, also in a thread that is in the middle of a query.
    """

    #: The process that opened it, until it is closed.
    _opened_by: int | None = None

    def __init__(
        self, location: Location, database: Database, open_engine: "Callable[[Embedding], Engine] | None"
    ) -> None:
        self.location = location
        self._database = database
        self._current = CurrentView(location, lambda: View(database, location.folder, open_engine))
        self._opened_by = os.getpid()

    def close(self) -> None:
        """Close the catalog and drop what was loaded of it; harmless when called again."""
        self._opened_by = None
        self._database.close()
        self._current.close()

    @property
    def closed(self) -> bool:
        """Return whether the store was closed."""
        return self._current.closed

    def _require_open(self) -> None:
        if self.closed:
            raise store_closed(self.location)

    def __enter__(self) -> Self:
        self._require_open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        # None if it is closed, or could not be opened.
        if self._opened_by is None:
            return
        try:
            # A forked process has a copy that is for the other process to close.
            if self._opened_by == os.getpid():
                message = f"{self.location} was never closed: call `close`, or open it in a `with` statement"
                warnings.warn(message, ResourceWarning, stacklevel=2, source=self)
        finally:
            with suppress(Exception):
                self.close()

    @property
    def embedding(self) -> Embedding:
        """Return the embedding of the vectors that were loaded, or would be."""
        return self._current.view.embedding

    def newest_embedding(self) -> Embedding:
        """Return the store's embedding as it is now, from now on the reader's."""
        return self._current.newest().embedding

    @property
    def folder(self) -> Path:
        """Return the folder of a store that is in one; raise NotAStore for a store on a server."""
        if self.location.folder is not None:
            return self.location.folder
        raise NotAStore(
            f"expected a store in a folder, got {self.location}: `lookalike store migrate` copies it to one"
        )

    @property
    def dim(self) -> int:
        """Return the number of dimensions of the store's vectors."""
        return self.embedding.dim
