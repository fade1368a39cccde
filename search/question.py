"""How a store is asked, whatever with: how many neighbours or how far away, and among which items."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from storage import Hit, Store, Where
from storage.errors import InvalidQuery
from storage.types.items import checked_id, checked_k, checked_radius
from storage.types.vectors import checked_vectors
from storage.types.where import conditions_of

#: How many neighbours an answer has unless it is said.
K = 5

Id = int | np.integer


@dataclass(frozen=True)
class Question:
    """What is wanted of every query: the k nearest, all within a radius, or the k nearest within it."""

    k: int | None
    radius: float | None
    where: Where | None
    exclude: tuple[int, ...]

    @classmethod
    def of(
        cls, k: int | None, radius: float | None, where: Where | None = None, exclude: Iterable[Id] = ()
    ) -> "Question":
        """Return a question, k being 5 where neither it nor a radius is given; raise InvalidQuery for none."""
        if isinstance(exclude, str | bytes) or not isinstance(exclude, Iterable):
            raise InvalidQuery(f"expected a list of ids to exclude, got {exclude!r}")
        if where is not None:
            conditions_of(where)
        return cls(
            checked_k(K if k is None and radius is None else k) if k is not None or radius is None else None,
            None if radius is None else checked_radius(radius),
            where,
            tuple(map(checked_id, exclude)),
        )

    def ask(self, store: Store, vectors: ArrayLike, own: Sequence[int] | None = None) -> list[list[Hit]]:
        """Return the hits of each vector, (n, dim) or one (dim,); `own` has the id of the item that each is of."""
        queries = checked_vectors(vectors, store.dim) if np.size(vectors) else np.empty((0, store.dim), np.float32)
        exclude = [[*self.exclude, *([own[place]] if own is not None else [])] for place in range(len(queries))]
        if self.radius is not None:
            return [hits[: self.k] for hits in store.within(queries, self.radius, exclude, self.where)]
        return store.nearest(queries, self.k or K, exclude, self.where)
