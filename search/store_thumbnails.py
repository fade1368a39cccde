"""The thumbnails of a result's items, as long as their store is at hand."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from storage import Store

#: Returns the PNG thumbnails of items by their ids.
Thumbnails = Callable[[Sequence[int]], Mapping[int, bytes]]


def no_thumbnails(_: Sequence[int]) -> dict[int, bytes]:
    """Return no thumbnails: those of a result without a store."""
    return {}


class StoreThumbnails:
    """Returns the PNG thumbnails of a store's items by their ids; what is pickled has no store, and returns none."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the thumbnails of the items that have one."""
        return self._store.thumbnails(ids)

    def __copy__(self) -> "StoreThumbnails":
        return self

    def __deepcopy__(self, _: Any) -> "StoreThumbnails":
        return self

    def __reduce__(self) -> tuple[Callable[[], Thumbnails], tuple[()]]:
        return _without_store, ()


def _without_store() -> Thumbnails:
    return no_thumbnails
