"""A search by several stored items: more like some, less like others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.errors import InvalidQuery
from storage.types.items import checked_id
from storage.types.query import Id

#: The weight of the mean of the unliked vectors, of which the liked ones' has 1. Rocchio, "Relevance feedback in
#: information retrieval", 1971, introduced the difference of means, with weights for its users to choose.
UNLIKE_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Examples:
    """Ids of items that a search is to find more like, and of those to find less like; each counts once."""

    like: tuple[int, ...]
    unlike: tuple[int, ...]

    @classmethod
    def checked(cls, like: Iterable[Id], unlike: Iterable[Id] = ()) -> "Examples":
        """Return the examples of these ids; raise InvalidQuery for none to be like, and for an id in both."""
        examples = cls(_unique(like, "like"), _unique(unlike, "unlike"))
        if not examples.like:
            raise InvalidQuery("expected at least one id in `like`, got none")
        if both := sorted(set(examples.like) & set(examples.unlike)):
            raise InvalidQuery(f"expected each id in `like` or in `unlike`, got {both[0]} in both")
        return examples

    @property
    def ids(self) -> tuple[int, ...]:
        """Return all ids, those to be like first."""
        return self.like + self.unlike

    @property
    def name(self) -> str:
        """Return the examples in words, as a query is named."""
        liked = _listed(self.like)
        return f"{liked}, unlike {_listed(self.unlike)}" if self.unlike else liked

    def query_vector(self, vectors: NDArray[np.float32], *, unit_length: bool) -> NDArray[np.float32]:
        """Return the vector to search with, (dim,) float32: the mean of the liked less half the mean of the unliked.

        `vectors` has those of `ids`, (n, dim), in that order; with `unit_length` they have length 1, and so has the
        result. One liked item alone is searched with its own vector. Raise InvalidQuery when the examples cancel out,
        so that no direction is left.
        """
        if len(vectors) == 1:
            return vectors.reshape(-1)
        wide = vectors.astype(np.float64)
        query: NDArray[np.float64] = wide[: len(self.like)].mean(axis=0)
        if self.unlike:
            query = query - UNLIKE_WEIGHT * wide[len(self.like) :].mean(axis=0)
        if unit_length:
            length = np.linalg.norm(query)
            # What rounding leaves of vectors that cancel out points anywhere.
            if length <= np.finfo(np.float32).eps:
                raise InvalidQuery(f"expected examples that do not cancel out, got {self.name}: choose others")
            query = query / length
        return query.astype(np.float32)


def _unique(ids: Iterable[Id], name: str) -> tuple[int, ...]:
    if isinstance(ids, str | bytes) or not isinstance(ids, Iterable):
        raise InvalidQuery(f"expected a list of ids in `{name}`, got {ids!r}")
    return tuple(dict.fromkeys(map(checked_id, ids)))


def _listed(ids: Sequence[int]) -> str:
    return f"item{'s' if len(ids) > 1 else ''} {', '.join(map(str, ids))}"
