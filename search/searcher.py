"""Every way to ask a store for what is like something."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ingest.backbone import MakeBackbone
from ingest.embedder import Embedder
from ingest.images import Image, checked_image, decode, read_bytes
from ingest.networks import vgg16_backbone
from ingest.recipes import recipe_of
from search.results import QueryResult
from storage import Item, Store
from storage.console import printable
from storage.errors import UnknownItem
from storage.items import checked_id

#: A picture to ask with: a file's path, encoded bytes, or uint8 pixels of shape (h, w) or (h, w, 3) in RGB.
Picture = str | Path | bytes | Image

Id = int | np.integer


class Searcher:
    """Answers queries from a store: an item's own neighbours leave it out; distances are Euclidean.

    A single query gives a result, a sequence of them a list of results in the order asked.
    """

    def __init__(self, store: Store, make_backbone: MakeBackbone | None = None) -> None:
        self.store = store
        self._make_backbone = make_backbone or vgg16_backbone()
        self._embedder: Embedder | None = None

    @classmethod
    def open(
        cls,
        store: str | Path,
        *,
        weights: str | Path | None = None,
        make_backbone: MakeBackbone | None = None,
    ) -> "Searcher":
        """Open a store to search it; close it with `close` or a `with` statement.

        Raise StoreNotFound, NotAStore, StoreVersion or StoreCorrupt. VGG16 is loaded at the first image asked for.
        """
        return cls(Store.open(store), make_backbone or vgg16_backbone(weights))

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> "Searcher":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self.store)

    def refresh(self) -> None:
        """See what was ingested since the store was opened."""
        self.store.refresh()

    @overload
    def by_id(self, ids: Id, k: int = 5) -> QueryResult: ...
    @overload
    def by_id(self, ids: Iterable[Id] | NDArray[np.integer], k: int = 5) -> list[QueryResult]: ...
    def by_id(self, ids: Id | Iterable[Id] | NDArray[np.integer], k: int = 5) -> QueryResult | list[QueryResult]:
        """Return the k items nearest to stored items, named by id; raise UnknownItem, or InvalidQuery for no id."""
        several, checked = _checked_ids(ids)
        results = self._by_items(self.store.items(checked), k)
        return results if several else results[0]

    @overload
    def by_key(self, keys: str, k: int = 5) -> QueryResult: ...  # type: ignore[overload-overlap]
    @overload
    def by_key(self, keys: Sequence[str], k: int = 5) -> list[QueryResult]: ...
    def by_key(self, keys: str | Sequence[str], k: int = 5) -> QueryResult | list[QueryResult]:
        """Return the k items nearest to stored items, named by key; raise UnknownItem."""
        if isinstance(keys, str):
            return self._by_items([self.store.by_key(keys)], k)[0]
        return self._by_items([self.store.by_key(key) for key in keys], k)

    def by_random(self, k: int = 5, seed: int | None = None) -> QueryResult:
        """Return the k items nearest to one drawn at random; raise UnknownItem when the store is empty."""
        ids, _ = self.store.all_vectors()
        if not len(ids):
            raise UnknownItem(f"expected items in {self.store.folder} to draw one from, got none: ingest some first")
        return self.by_id(int(np.random.default_rng(seed).choice(ids)), k)

    def _by_items(self, items: Sequence[Item], k: int) -> list[QueryResult]:
        ids = [item.id for item in items]
        answers = self.store.nearest(self.store.vectors(ids), k, exclude=[[id] for id in ids])
        return [
            QueryResult(f"item {item.id} ({item.key})", tuple(hits), item=item)
            for item, hits in zip(items, answers, strict=True)
        ]

    @overload
    def by_image(self, images: Picture, k: int = 5) -> QueryResult: ...  # type: ignore[overload-overlap]
    @overload
    def by_image(self, images: Sequence[Picture], k: int = 5) -> list[QueryResult]: ...
    def by_image(self, images: Picture | Sequence[Picture], k: int = 5) -> QueryResult | list[QueryResult]:
        """Return the k items nearest to pictures, embedded as the store's items were.

        Raise UnreadableImage, OtherEmbedding when the weights are not the store's, or EmbeddingDrift.
        """
        if isinstance(images, str | Path | bytes | np.ndarray):
            return self.by_image([images], k)[0]
        decoded = [_decoded(picture) for picture in images]
        answers = self.store.nearest(self._embed(decoded), k)
        return [
            QueryResult(_name(picture), tuple(hits), image=image)
            for picture, image, hits in zip(images, decoded, answers, strict=True)
        ]

    def by_vector(self, vectors: ArrayLike, k: int = 5) -> QueryResult | list[QueryResult]:
        """Return the k items nearest to vectors, (dim,) for one or (n, dim) for many; raise InvalidVectors."""
        results = [QueryResult("a vector", tuple(hits)) for hits in self.store.nearest(vectors, k)]
        return results[0] if np.ndim(vectors) == 1 else results

    def embed(self, images: Sequence[Picture]) -> NDArray[np.float32]:
        """Return the vectors of pictures, (n, dim) float32, as the store's items have them."""
        return self._embed([_decoded(picture) for picture in images])

    def _embed(self, images: Sequence[Image]) -> NDArray[np.float32]:
        if self._embedder is None:
            embedding = self.store.embedding
            self._embedder = Embedder.restore(embedding, self._make_backbone(recipe_of(embedding)))
        return self._embedder.embed(images)


def _checked_ids(ids: object) -> tuple[bool, list[int]]:
    """Tell whether there are several ids, and return them as Python's own integers."""
    if isinstance(ids, np.ndarray):
        ids = ids.tolist()
    if isinstance(ids, Iterable) and not isinstance(ids, str | bytes):
        return True, [checked_id(id) for id in ids]
    return False, [checked_id(ids)]


def _decoded(picture: Picture) -> Image:
    if isinstance(picture, str | Path):
        return decode(read_bytes(Path(picture)), str(picture))
    return decode(picture, "the bytes given") if isinstance(picture, bytes) else checked_image(picture)


def _name(picture: Picture) -> str:
    return printable(str(picture)) if isinstance(picture, str | Path) else "an image"
