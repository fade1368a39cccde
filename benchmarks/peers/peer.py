"""What a peer must do to be measured: the fewest calls that its own users would make."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

#: One hit as it is judged: the number under which the vector was inserted, and its label if it came with the answer.
Found = tuple[int, str | None]


class Peer(Protocol):
    """A store or library, as its own users would use it for exact Euclidean neighbours, or as near as it comes.

    Vectors are numbered in the order in which they are inserted. `ask` and `ask_many` return whatever the library
    gives, labels included where it keeps them; `found` makes it comparable, and is never timed.
    """

    def create(self, folder: Path, dim: int, threads: int) -> None:
        """Make an empty store in an empty folder."""
        ...

    def insert(self, first: int, vectors: NDArray[np.float32], labels: Sequence[str]) -> None:
        """Add vectors, (n, dim), numbered from `first`; when this returns they are acknowledged."""
        ...

    def finish(self) -> None:
        """Do what a user does once after the last insert, such as writing the file or compacting."""
        ...

    def open(self, folder: Path, dim: int, threads: int, *, writing: bool = False) -> None:
        """Open a store that another process made, to ask it or, `writing`, to insert more into it."""
        ...

    def stored(self) -> list[Found]:
        """Return everything that an open store holds."""
        ...

    def ask(self, query: NDArray[np.float32], k: int) -> Any:
        """Return the k nearest to one query, (dim,), as the library gives them."""
        ...

    def ask_many(self, queries: NDArray[np.float32], k: int) -> Any:
        """Return the k nearest to each query, (n, dim), by the library's own way for many, if it has one."""
        ...

    def found(self, answer: Any) -> list[list[Found]]:
        """Return an answer of `ask` or `ask_many` as hits, nearest first, a list for each query."""
        ...

    def close(self) -> None:
        """Close the store."""
        ...
