"""Every way to ask a store for what is like something."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ingest.embedding.network.backbone_factory import BackboneFactory, vgg16_factory
from ingest.embedding.network.precision import stored_precision
from ingest.embedding.recipes import recipe_of
from search.classify import Prediction, vote
from search.question import Id, Question
from search.results import QueryResult, QueryResults
from storage import Item, Neighbours, Store, Where
from storage.errors import InvalidQuery, UnknownItem
from storage.types.items import checked_id, checked_k

if TYPE_CHECKING:
    from ingest.embedding.embedder import Embedder

#: A picture to ask with: a file's path, encoded bytes, or uint8 pixels of shape (h, w) or (h, w, 3) in RGB.
Picture = str | Path | bytes | NDArray[np.uint8]


class Searcher:
    """Answers queries from a store: an item's own neighbours leave it out; distances are Euclidean.

    A single query gives a result, a sequence of them their results in the order asked. Each way to ask takes `k`, 5
    unless given; or `radius`, for all items at most so far away, or both. `where` chooses the items that are compared,
    as in `{"label": ["3", "8"], "width": {">=": 640}}`, and `exclude` lists ids to leave out of every answer.
    """

    def __init__(self, store: Store, make_backbone: BackboneFactory | None = None) -> None:
        self.store = store
        self._make_backbone = make_backbone or vgg16_factory()
        self._embedder: Embedder | None = None

    @classmethod
    def open(
        cls,
        store: str | Path,
        *,
        weights: str | Path | None = None,
        make_backbone: BackboneFactory | None = None,
        milvus: str | None = None,
    ) -> "Searcher":
        """Open a store to search it; close it with `close` or a `with` statement.

        `milvus` is the URL of the Milvus server that searches them, if not this process. Raise StoreNotFound,
        NotAStore, StoreVersion, StoreCorrupt or ServerUnusable. VGG16 is loaded at the first image asked for.
        """
        return cls(Store.open(store, milvus=milvus), make_backbone or vgg16_factory(weights))

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

    @property
    def drift(self) -> float | None:
        """Return how far this machine's vectors lie from the store's, relative to their length.

        None before the first image is asked for: until then nothing was embedded.
        """
        return self._embedder.drift if self._embedder else None

    def refresh(self) -> None:
        """See what was ingested since the store was opened."""
        self.store.refresh()

    @overload
    def by_id(
        self,
        ids: Id,
        k: int | None = None,
        *,
        radius: float | None = None,
        where: Where | None = None,
        exclude: Iterable[Id] = (),
    ) -> QueryResult: ...
    @overload
    def by_id(
        self,
        ids: Iterable[Id] | NDArray[np.integer],
        k: int | None = None,
        *,
        radius: float | None = None,
        where: Where | None = None,
        exclude: Iterable[Id] = (),
    ) -> QueryResults: ...
    def by_id(
        self,
        ids: Id | Iterable[Id] | NDArray[np.integer],
        k: int | None = None,
        *,
        radius: float | None = None,
        where: Where | None = None,
        exclude: Iterable[Id] = (),
    ) -> QueryResult | QueryResults:
        """Return the k items nearest to stored items, named by id; raise UnknownItem, or InvalidQuery for no id."""
        question = Question.of(k, radius, where, exclude)
        several, checked = _checked_ids(ids)
        results = self._by_items(self.store.items(checked), question)
        return results if several else results[0]

    @overload
    def by_key(  # type: ignore[overload-overlap]
        self,
        keys: str,
        k: int | None = None,
        *,
        radius: float | None = None,
        where: Where | None = None,
        exclude: Iterable[Id] = (),
    ) -> QueryResult: ...
    @overload
    def by_key(
        self,
        keys: Sequence[str],
        k: int | None = None,
        *,
        radius: float | None = None,
        where: Where | None = None,
        exclude: Iterable[Id] = (),
    ) -> QueryResults: ...
    def by_key(
        self,
        keys: str | Sequence[str],
        k: int | None = None,
        *,
        radius: float | None = None,
        where: Where | None = None,
        exclude: Iterable[Id] = (),
    ) -> QueryResult | QueryResults:
        """Return the k items nearest to stored items, named by key; raise UnknownItem."""
        question = Question.of(k, radius, where, exclude)
        if isinstance(keys, str):
            return self._by_items([self.store.by_key(keys)], question)[0]
        return self._by_items([self.store.by_key(key) for key in keys], question)

    def by_random(
        self,
        k: int | None = None,
        seed: int | None = None,
        *,
        radius: float | None = None,
        where: Where | None = None,
        exclude: Iterable[Id] = (),
    ) -> QueryResult:
        """Return the k items nearest to one drawn at random; raise UnknownItem when the store is empty."""
        ids = self.store.ids()
        if not len(ids):
            raise UnknownItem(f"expected items in {self.store.location} to draw one from, got none: ingest some first")
        drawn = int(np.random.default_rng(seed).choice(ids))
        return self.by_id(drawn, k, radius=radius, where=where, exclude=exclude)

    def _by_items(self, items: Sequence[Item], question: Question) -> QueryResults:
        ids = [item.id for item in items]
        answers = question.ask(self.store, self.store.vectors(ids), own=ids)
        return QueryResults(
            tuple(
                QueryResult(f"item {item.id} ({item.key})", tuple(hits), item=item, thumbnails=self.store.thumbnails)
                for item, hits in zip(items, answers, strict=True)
            )
        )

    @overload
    def by_image(  # type: ignore[overload-overlap]
        self,
        images: Picture,
        k: int | None = None,
        *,
        radius: float | None = None,
        where: Where | None = None,
        exclude: Iterable[Id] = (),
    ) -> QueryResult: ...
    @overload
    def by_image(
        self,
        images: Sequence[Picture],
        k: int | None = None,
        *,
        radius: float | None = None,
        where: Where | None = None,
        exclude: Iterable[Id] = (),
    ) -> QueryResults: ...
    def by_image(
        self,
        images: Picture | Sequence[Picture],
        k: int | None = None,
        *,
        radius: float | None = None,
        where: Where | None = None,
        exclude: Iterable[Id] = (),
    ) -> QueryResult | QueryResults:
        """Return the k items nearest to pictures, embedded as the store's items were.

        Raise UnreadableImage, OtherEmbedding when the weights are not the store's, or EmbeddingDrift.
        """
        question = Question.of(k, radius, where, exclude)
        if isinstance(images, str | Path | bytes | np.ndarray):
            return self._by_images([images], question)[0]
        return self._by_images(images, question)

    def _by_images(self, pictures: Sequence[Picture], question: Question) -> QueryResults:
        # Imported here, as the embedder: OpenCV takes a moment to load, and only a picture needs it.
        from search.image_input import decoded, name_of

        images = [decoded(picture) for picture in pictures]
        answers = question.ask(self.store, self._embed(images))
        return QueryResults(
            tuple(
                QueryResult(name_of(picture), tuple(hits), image=image, thumbnails=self.store.thumbnails)
                for picture, image, hits in zip(pictures, images, answers, strict=True)
            )
        )

    def by_vector(
        self,
        vectors: ArrayLike,
        k: int | None = None,
        *,
        radius: float | None = None,
        where: Where | None = None,
        exclude: Iterable[Id] = (),
    ) -> QueryResult | QueryResults:
        """Return the k items nearest to vectors, (dim,) for one or (n, dim) for many; raise InvalidVectors."""
        answers = Question.of(k, radius, where, exclude).ask(self.store, vectors)
        results = QueryResults(
            tuple(QueryResult("a vector", tuple(hits), thumbnails=self.store.thumbnails) for hits in answers)
        )
        return results[0] if np.ndim(vectors) == 1 else results

    def within(
        self, vectors: ArrayLike, radius: float, *, where: Where | None = None, exclude: Iterable[Id] = ()
    ) -> QueryResult | QueryResults:
        """Return all items at most `radius` from vectors, (dim,) for one or (n, dim) for many, the border included."""
        return self.by_vector(vectors, radius=radius, where=where, exclude=exclude)

    def neighbours_of_all(self, k: int = 5) -> Neighbours:
        """Return the k nearest neighbours of every item of the store, itself left out, as arrays of ids."""
        return self.store.neighbours_of_all(k)

    @overload
    def predict(self, images: Picture, k: int = 5, *, where: Where | None = None) -> Prediction: ...  # type: ignore[overload-overlap]
    @overload
    def predict(self, images: Sequence[Picture], k: int = 5, *, where: Where | None = None) -> list[Prediction]: ...
    def predict(
        self, images: Picture | Sequence[Picture], k: int = 5, *, where: Where | None = None
    ) -> Prediction | list[Prediction]:
        """Return the label that most of the k items nearest to each picture have, with its share of the votes."""
        if isinstance(images, str | Path | bytes | np.ndarray):
            return self.predict([images], k, where=where)[0]
        return [Prediction(*vote(result.hits), result) for result in self.by_image(images, k, where=where)]

    @overload
    def kneighbors(
        self, X: ArrayLike | None = None, n_neighbors: int = 5, return_distance: Literal[True] = True
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]: ...
    @overload
    def kneighbors(
        self, X: ArrayLike | None = None, n_neighbors: int = 5, *, return_distance: Literal[False]
    ) -> NDArray[np.int64]: ...
    def kneighbors(
        self, X: ArrayLike | None = None, n_neighbors: int = 5, return_distance: bool = True
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]] | NDArray[np.int64]:
        """Return distances, (n, n_neighbors) float64, and ids, the same in int64, as scikit-learn's NearestNeighbors.

        `X` is (n, dim); without it every item is asked with and left out of its own answer. What scikit-learn calls
        indices are ids here: the rows of its training data as long as nothing was ever deleted or replaced. As there,
        more neighbours than there are items are refused, with InvalidQuery, so that no place is ever empty.
        """
        wanted, most = checked_k(n_neighbors), len(self.store) - (X is None)
        if wanted > most:
            raise InvalidQuery(f"expected n_neighbors of at most {most}, as many as there are, got {wanted}")
        if X is None:
            found = self.store.neighbours_of_all(wanted)
            distances, ids = found.distances, found.neighbours
        else:
            answers = self.store.nearest(X, wanted)
            distances = np.array([[hit.distance for hit in hits] for hits in answers]).reshape(-1, wanted)
            ids = np.array([[hit.id for hit in hits] for hits in answers], np.int64).reshape(-1, wanted)
        return (distances, ids) if return_distance else ids

    def embed(self, images: Sequence[Picture]) -> NDArray[np.float32]:
        """Return the vectors of pictures, (n, dim) float32, as the store's items have them."""
        from search.image_input import decoded

        return self._embed([decoded(picture) for picture in images])

    def _embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        from ingest.embedding.embedder import Embedder

        if self._embedder is None:
            embedding = self.store.embedding
            backbone = self._make_backbone(recipe_of(embedding), stored_precision(embedding))
            self._embedder = Embedder.restore(embedding, backbone)
        return self._embedder.embed(images)


def _checked_ids(ids: object) -> tuple[bool, list[int]]:
    """Tell whether there are several ids, and return them as Python's own integers."""
    if isinstance(ids, np.ndarray):
        ids = ids.tolist()
    if isinstance(ids, Iterable) and not isinstance(ids, str | bytes):
        return True, [checked_id(id) for id in ids]
    return False, [checked_id(ids)]
