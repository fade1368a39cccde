"""The protocol of a peer: the fewest calls that its own users would make."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

#: A stored row or a hit: the number under which its vector was inserted, and its label, None when the peer has none.
Row = tuple[int, str | None]


class Peer(Protocol):
    """A store or library, used as its own users would for exact Euclidean neighbours, or as near as it comes.

    Vectors are numbered in the order of insertion. `search` and `search_batch` return the library's own results,
    with labels where it stores them; `hits` converts them for comparison, and is never timed.
    """

    def create(self, folder: Path, dim: int, threads: int, /) -> None:
        """Create an empty store in an empty folder."""
        ...

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str], /) -> None:
        """Insert vectors, (n, dim), numbered from `first`; returning acknowledges them."""
        ...

    def finish(self) -> None:
        """Do what users do once after the last insert, such as writing a file or compacting."""
        ...

    def open(self, folder: Path, dim: int, threads: int, writing: bool, /) -> None:
        """Open a store that another process created, to search it or, with `writing`, to insert into it."""
        ...

    def rows(self) -> list[Row]:
        """Return all rows of an open store."""
        ...

    def search(self, query: NDArray[np.float32], k: int) -> Any:
        """Return the library's result for the k nearest to one query, (dim,)."""
        ...

    def search_batch(self, queries: NDArray[np.float32], k: int) -> Any:
        """Return the library's result for the k nearest to each query, (n, dim), by its batch call if it has one."""
        ...

    def hits(self, result: Any) -> list[list[Row]]:
        """Return the hits of a result of `search` or `search_batch`, nearest first, a list for each query."""
        ...

    def close(self) -> None:
        """Close the store."""
        ...


def unlabelled_rows(count: int) -> list[Row]:
    """Return the rows of a library that numbers its vectors from 0 and stores no labels."""
    return [(number, None) for number in range(count)]


def unlabelled_hits(numbers: NDArray[np.integer]) -> list[list[Row]]:
    """Return the hits of vectors' numbers, (n, k), of a library that stores no labels."""
    return [[(number, None) for number in row] for row in numbers.tolist()]
