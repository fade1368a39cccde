"""The thumbnails of a result's items, as long as their store is open."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from storage import Store
from storage.errors import StoreClosed

#: Returns the PNG thumbnails of items by their ids, or raises a LookalikeError.
Thumbnails = Callable[[Sequence[int]], Mapping[int, bytes]]


def no_thumbnails(_: Sequence[int]) -> dict[int, bytes]:
    """Return no thumbnails: those of a result without a store."""
    return {}


class StoreThumbnails:
    """Returns the PNG thumbnails of a store's items by their ids, while the store is open.

    They do not keep the store open: results outlive their searcher, and then raise StoreClosed here. So does what is
    pickled, which has no store.
    """

    def __init__(self, store: Store) -> None:
        self._store = weakref.ref(store)
        self._location = str(store.location)

    def __call__(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the thumbnails of the items that have one."""
        return self.open_store().thumbnails(ids)

    def open_store(self) -> Store:
        """Return the store; raise StoreClosed."""
        store = self._store()
        if store is None or store.closed:
            raise StoreClosed(
                f"expected {self._location} to be open to read pictures from, got a store that is closed: keep it open "
                "while results are shown"
            )
        return store

    def __copy__(self) -> "StoreThumbnails":
        return self

    def __deepcopy__(self, _: Any) -> "StoreThumbnails":
        return self

    def __reduce__(self) -> tuple[Callable[[], Thumbnails], tuple[()]]:
        return _pickled, ()


def store_of(thumbnails: Thumbnails) -> Store:
    """Return the open store of thumbnails; raise StoreClosed when they have none."""
    if isinstance(thumbnails, StoreThumbnails):
        return thumbnails.open_store()
    raise StoreClosed("expected a result of an open store to explore, got one without a store: run the query again")


def _pickled() -> Thumbnails:
    return _refuse_without_store


def _refuse_without_store(_: Sequence[int]) -> NoReturn:
    raise StoreClosed(
        "expected a result of an open store to read pictures from, got one that was pickled, which has no store: run "
        "the query again"
    )
