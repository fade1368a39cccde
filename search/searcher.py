"""Search a store by id, key, image or vector, and classify images by their neighbours."""

# `help` shows annotations as they are written here, and not as the long types that they stand for.
from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ingest.embedding.network.backbone_factory import BackboneFactory, vgg16_factory
from ingest.embedding.network.precision import stored_precision
from ingest.embedding.recipes import recipe_of
from search.classify import Prediction, Predictions, classify
from search.examples import Examples
from search.explorer_page import FILE, NEIGHBOURS, ExplorerPage, explore_store
from search.results import QueryResult, QueryResults, query_name
from search.store_thumbnails import StoreThumbnails
from storage import BatchHits, Item, Neighbours, Store, Where
from storage.errors import InvalidQuery, InvalidVectors, StoreRenewed, UnknownItem
from storage.types.items import checked_k
from storage.types.query import Id, Query, SearchOptions

if TYPE_CHECKING:
    from ingest.embedding.embedder import Embedder
    from search.image_input import ImageInput


class Searcher:
    """Searches a store; distances are Euclidean, and a stored item is never its own hit.

    Each method takes `k`, 5 unless given, and these options: `radius` for all items within this distance, or with `k`
    for at most k of them; `where` for the items to compare, as in `{"label": ["3", "8"], "width": {">=": 640}}`; and
    `exclude` for ids to leave out. They raise InvalidQuery for invalid options, UnknownField or IncomparableField for a
    filter with a field that no item has or not with such values, and StoreCorrupt for a damaged row. Methods in the
    plural answer many queries at once, in order.

    An image is the path of a file, encoded bytes, an image of Pillow's, or anything that NumPy takes for an array of
    uint8: (h, w), (h, w, 3) in RGB, or (h, w, 4) in RGBA, which is laid on white.
    """

    def __init__(self, store: Store, make_backbone: BackboneFactory | None = None) -> None:
        self.store = store
        self._make_backbone = make_backbone or vgg16_factory()
        self._embedder: tuple[str, Embedder] | None = None
        self._drift: float | None = None

    @classmethod
    def open(
        cls,
        store: str | Path,
        *,
        weights: str | Path | None = None,
        make_backbone: BackboneFactory | None = None,
        milvus: str | None = None,
    ) -> Searcher:
        """Open a store to search it; close it with `close` or a `with` statement.

        `milvus` is the URL of the Milvus server that searches its vectors, if not this process. Raise StoreNotFound,
        NotAStore, StoreVersion, StoreCorrupt or ServerUnusable. VGG16 is loaded with the first image.
        """
        return cls(Store.open(store, milvus=milvus), make_backbone or vgg16_factory(weights))

    def close(self) -> None:
        """Close the store and drop the network; harmless when called again.

        Every method then raises StoreClosed, also in a thread that is in the middle of a query. Results stay as they
        are, without pictures.
        """
        self.store.close()
        self._embedder = None

    def __enter__(self) -> Searcher:
        self.store.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Return the number of items in the store."""
        return len(self.store)

    @property
    def drift(self) -> float | None:
        """Return how far this machine's vectors lie from the store's, relative to their length.

        None before the first image: nothing has been embedded.
        """
        return self._drift

    def refresh(self) -> None:
        """Reload the store, so that items ingested since it was opened are searched too.

        After `lookalike renew` query vectors are taken to be made anew, by `embed`; until then they are refused.
        """
        self.store.refresh()

    def by_id(self, id: Id, k: int | None = None, **options: Unpack[SearchOptions]) -> QueryResult:
        """Return the items nearest to a stored item; raise UnknownItem."""
        return self.by_ids([id], k, **options)[0]

    def by_id_at_once(self, id: Id, k: int | None = None, **options: Unpack[SearchOptions]) -> QueryResult | None:
        """Return what `by_id` does if that takes milliseconds and waits for nothing, otherwise None.

        It may be called in the thread of an event loop, such as that of a server, where another thread would take
        longer to be told of a search than many a search takes.
        """
        answers = self.store.search_by_id_at_once(id, Query.checked(k, **options))
        return None if answers is None else self._item_results(answers)[0]

    def by_ids(
        self, ids: Iterable[Id] | NDArray[np.integer], k: int | None = None, **options: Unpack[SearchOptions]
    ) -> QueryResults:
        """Return the items nearest to each of many stored items; raise UnknownItem."""
        query = Query.checked(k, **options)
        return self._item_results(self.store.search_by_id(_as_list(ids), query))

    def by_key(self, key: str, k: int | None = None, **options: Unpack[SearchOptions]) -> QueryResult:
        """Return the items nearest to the stored item with this key; raise UnknownItem."""
        return self.by_keys([key], k, **options)[0]

    def by_keys(self, keys: Sequence[str], k: int | None = None, **options: Unpack[SearchOptions]) -> QueryResults:
        """Return the items nearest to each of many stored items; raise UnknownItem."""
        return self._item_results(self.store.search_by_key(keys, Query.checked(k, **options)))

    def by_random(self, k: int | None = None, seed: int | None = None, **options: Unpack[SearchOptions]) -> QueryResult:
        """Return the items nearest to a random stored item, the same for the same seed.

        Raise UnknownItem when the store is empty, and InvalidQuery for a negative seed.
        """
        if seed is not None and seed < 0:
            raise InvalidQuery(f"expected a seed of at least 0, got {seed}")
        ids = self.store.ids()
        if not len(ids):
            raise UnknownItem(f"expected items in {self.store.location} to draw one from, got none: ingest some first")
        return self.by_id(int(np.random.default_rng(seed).choice(ids)), k, **options)

    def by_examples(
        self, like: Iterable[Id], unlike: Iterable[Id] = (), k: int | None = None, **options: Unpack[SearchOptions]
    ) -> QueryResult:
        """Return the items nearest to some stored items and away from others, none of which is in the answer.

        The query is the mean of the vectors of `like` less half the mean of those of `unlike`, scaled to length 1 where
        the recipe's vectors are. Raise UnknownItem, or InvalidQuery for an empty `like` and an id in both.
        """
        examples = Examples.checked(like, unlike)
        query = Query.checked(k, **options)
        while True:
            embedding = self.store.newest_embedding()
            unit_length = "recipe" in embedding.spec and recipe_of(embedding).vectors_have_unit_length
            vector = examples.query_vector(self.store.vectors(examples.ids), unit_length=unit_length)
            try:
                hits = self.store.search(vector, query, [examples.ids], fingerprint=embedding.fingerprint)
            except StoreRenewed:
                continue
            return QueryResults(hits, [examples.name], thumbnails=StoreThumbnails(self.store))[0]

    def _item_results(self, answers: tuple[list[Item], BatchHits]) -> QueryResults:
        items, hits = answers
        names = [query_name(item) for item in items]
        return QueryResults(hits, names, items=items, thumbnails=StoreThumbnails(self.store))

    def by_image(self, image: ImageInput, k: int | None = None, **options: Unpack[SearchOptions]) -> QueryResult:
        """Return the items nearest to an image, which is embedded as the store's items were.

        Raise UnreadableImage, OtherEmbedding when the weights are not the store's, or EmbeddingDrift.
        """
        return self.by_images([image], k, **options)[0]

    def by_images(
        self, images: Sequence[ImageInput], k: int | None = None, **options: Unpack[SearchOptions]
    ) -> QueryResults:
        """Return the items nearest to each of many images, as `by_image` does."""
        # Imported here, as the embedder: OpenCV takes a moment to load, and only images need it.
        from search.image_input import display_name

        query = Query.checked(k, **options)
        decoded, hits = self._search_images(images, query)
        names = [display_name(image) for image in images]
        return QueryResults(hits, names, images=decoded, thumbnails=StoreThumbnails(self.store))

    def by_vector(self, vector: ArrayLike, k: int | None = None, **options: Unpack[SearchOptions]) -> QueryResult:
        """Return the items nearest to a vector, (dim,); raise InvalidVectors."""
        query = Query.checked(k, **options)
        if np.ndim(vector) != 1:
            raise InvalidVectors(
                f"expected one vector of {self.store.dim} dimensions, got an array of shape {np.shape(vector)}: "
                "use by_vectors for many"
            )
        return self._vector_results(self.store.search(vector, query))[0]

    def by_vectors(self, vectors: ArrayLike, k: int | None = None, **options: Unpack[SearchOptions]) -> QueryResults:
        """Return the items nearest to each of many vectors, (n, dim); raise InvalidVectors."""
        query = Query.checked(k, **options)
        queries = vectors if np.size(vectors) else np.empty((0, self.store.dim))
        return self._vector_results(self.store.search(queries, query))

    def _vector_results(self, hits: BatchHits) -> QueryResults:
        return QueryResults(hits, ["a vector"] * len(hits), thumbnails=StoreThumbnails(self.store))

    def neighbours_of_all(self, k: int = 5) -> Neighbours:
        """Return the k nearest neighbours of every item of the store, itself excluded, as arrays of ids."""
        return self.store.neighbours_of_all(k)

    def explore(
        self, out: str | Path = FILE, *, k: int = NEIGHBOURS, where: Where | None = None, force: bool = False
    ) -> ExplorerPage:
        """Write a page to look at the store, or at its items that fulfil a filter; a notebook shows it in a frame.

        The file at `out` is replaced if it is such a page, or with `force`. A result's own `explore` writes a page that
        opens on the result. Raise PageUnusable, OutputRefused or what a query raises.
        """
        return explore_store(self.store, out, k=k, where=where, force=force)

    def predict(self, image: ImageInput, k: int | None = None, **options: Unpack[SearchOptions]) -> Prediction:
        """Return the label that most of the items nearest to an image have, with its share of the votes."""
        return self.predict_many([image], k, **options)[0]

    def predict_many(
        self, images: Sequence[ImageInput], k: int | None = None, **options: Unpack[SearchOptions]
    ) -> Predictions:
        """Return the prediction for each of many images."""
        results = self.by_images(images, k, **options)
        return Predictions(tuple(Prediction(*classify(result.hits), result) for result in results))

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

        `X` is (n, dim); without it every item is a query and excluded from its own answer. Instead of scikit-learn's
        indices into its training data, item ids are returned; both are equal while no item was deleted or replaced. As
        in scikit-learn the arrays are always full: raise InvalidQuery for more neighbours than there are items.

        Items at the same distance are in the order of their ids, which scikit-learn leaves open. An item without `X`
        never has itself among its neighbours; scikit-learn drops its first duplicate instead where there are more
        duplicates than neighbours.
        """
        k = checked_k(n_neighbors)
        if X is None:
            neighbours = self.store.neighbours_of_all(k)
            distances, ids, available = neighbours.distances, neighbours.neighbours, neighbours.neighbours.shape[1]
        else:
            hits = self.store.nearest(X, k)
            distances, ids, available = hits.distances, hits.ids, int(hits.counts.min(initial=k))
        if k > available:
            raise InvalidQuery(f"expected n_neighbors of at most {available}, as many as there are, got {k}")
        distances, ids = distances.reshape(-1, k), ids.reshape(-1, k)
        return (distances, ids) if return_distance else ids

    def embed(self, images: Sequence[ImageInput]) -> NDArray[np.float32]:
        """Return the vectors of images, (n, dim) float32, embedded as the store's items were."""
        _, _, vectors = self._embed(images)
        return vectors

    def _search_images(self, images: Sequence[ImageInput], query: Query) -> tuple[list[NDArray[np.uint8]], BatchHits]:
        """Return the images' pixels and each one's hits; they are embedded again if the store is renewed meanwhile."""
        while True:
            fingerprint, decoded, vectors = self._embed(images)
            try:
                return decoded, self.store.search(vectors, query, fingerprint=fingerprint)
            except StoreRenewed:
                continue

    def _embed(self, images: Sequence[ImageInput]) -> tuple[str, list[NDArray[np.uint8]], NDArray[np.float32]]:
        """Return the fingerprint of the store's embedding, as it is now, and the images' pixels and vectors by it."""
        from ingest.embedding.embedder import Embedder
        from ingest.embedding.features import decoded_side
        from search.image_input import decoded_image

        embedding = self.store.newest_embedding()
        recipe = recipe_of(embedding)
        # Before the network is loaded, which takes seconds: an image may be unreadable.
        decoded = [decoded_image(image, decoded_side(recipe)) for image in images]
        # Read once: `close` in another thread drops it.
        fingerprint, embedder = self._embedder or (None, None)
        if embedder is None or fingerprint != embedding.fingerprint:
            backbone = self._make_backbone(recipe, stored_precision(embedding))
            embedder = Embedder.restore(embedding, backbone, self.store.location)
            self._embedder, self._drift = (embedding.fingerprint, embedder), embedder.drift
        return embedding.fingerprint, decoded, embedder.embed(decoded)


def _as_list(ids: Iterable[Id] | NDArray[np.integer]) -> list[Id]:
    """Return ids as a list; those of an array become Python's own numbers."""
    return ids.tolist() if isinstance(ids, np.ndarray) else list(ids)
