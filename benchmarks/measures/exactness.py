"""Every neighbour and distance of a store against scikit-learn's brute-force search in float64."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.measures.queries import draw_queries
from storage import Hit, Store

_UNIT_ROUNDOFF = 2.0**-53

#: How many queries are asked again one at a time; their answers must not differ in a single bit.
ALONE = 100


@dataclass(frozen=True)
class ExactnessReport:
    """What became of `queries` x `k` neighbours, each compared with scikit-learn's at the same rank.

    agree: the same item, at the same distance within the bound. ties: another item at exactly the same distance.
    rounding: another item, as near within the bound. errors: all else. The bound is that of scikit-learn's own
    formula in float64. `max_relative_error` compares the distances of the same items, where they are farther
    apart than that formula resolves.
    """

    recipe: str
    vectors: int
    dim: int
    queries: int
    k: int
    seed: int
    agree: int
    ties: int
    rounding: int
    errors: int
    max_relative_error: float
    asked_alone: int
    alone_differs: int

    @property
    def ok(self) -> bool:
        """Tell whether every answer was right."""
        return self.errors == 0 and self.alone_differs == 0

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def table(self) -> Table:
        """Return the report as a table to print."""
        title = f"Exactness: {self.recipe}, {self.vectors:,} vectors"
        table = Table(title=title, title_justify="left", show_header=False)
        table.add_row("neighbours compared", f"{self.queries:,} queries x {self.k}")
        table.add_row("agree", f"{self.agree:,}")
        table.add_row("ties", f"{self.ties:,}")
        table.add_row("rounding", f"{self.rounding:,}")
        table.add_row("errors", f"{self.errors:,}")
        table.add_row("largest relative error", f"{self.max_relative_error:.1e}")
        table.add_row("differ when asked alone", f"{self.alone_differs:,} of {self.asked_alone:,}")
        return table


def measure_exactness(store: Store, *, queries: int = 1000, k: int = 10, seed: int = 0) -> ExactnessReport:
    """Compare a store's answers with scikit-learn's; raise UnfitForBenchmark when it holds too few items.

    Half of the queries are stored vectors, left out of their own answers; half lie beside stored ones.
    """
    from sklearn.neighbors import NearestNeighbors

    drawn = draw_queries(store, queries, k, seed)
    ids, vectors = store.all_vectors()
    answers = store.nearest(drawn.vectors, k, exclude=drawn.excluded)
    wide = vectors.astype(np.float64)
    searched = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(wide)
    distances, positions = searched.kneighbors(drawn.vectors.astype(np.float64))
    counts = dict.fromkeys(("agree", "ties", "rounding", "errors"), 0)
    worst = 0.0
    norms = np.linalg.norm(wide, axis=1)
    for query, hits, excluded, theirs, found in zip(
        drawn.vectors, answers, drawn.excluded, distances, ids[positions], strict=True
    ):
        kept = ~np.isin(found, excluded)
        pairs = list(zip(found[kept][:k].tolist(), theirs[kept][:k].tolist(), strict=True))
        compared = _compare(query, hits, pairs, ids, wide, norms)
        for verdict, error in compared:
            counts[verdict] += 1
            worst = max(worst, error)
        counts["errors"] += k - len(compared)
    alone = [
        store.nearest(query, k, exclude=[excluded])[0]
        for query, excluded in zip(drawn.vectors[:ALONE], drawn.excluded[:ALONE], strict=True)
    ]
    return ExactnessReport(
        recipe=store.embedding.name,
        vectors=len(vectors),
        dim=store.dim,
        queries=queries,
        k=k,
        seed=seed,
        **counts,
        max_relative_error=worst,
        asked_alone=len(alone),
        alone_differs=sum(one != many for one, many in zip(alone, answers, strict=False)),
    )


def _compare(
    query: NDArray[np.float32],
    hits: list[Hit],
    theirs: list[tuple[int, float]],
    ids: NDArray[np.int64],
    vectors: NDArray[np.float64],
    norms: NDArray[np.float64],
) -> list[tuple[str, float]]:
    """Return a verdict on each rank, and the relative error of the distance where both name the same item."""
    wide = query.astype(np.float64)
    compared = []
    for hit, (their_id, their_distance) in zip(hits, theirs, strict=False):
        ours, other = np.searchsorted(ids, (hit.id, their_id))
        true_ours = float(np.linalg.norm(wide - vectors[ours]))
        true_other = float(np.linalg.norm(wide - vectors[other]))
        bound, resolved = _bound(
            float(np.linalg.norm(wide)) + float(max(norms[ours], norms[other])), true_other, len(wide)
        )
        off = abs(hit.distance - their_distance)
        if abs(hit.distance - true_ours) > bound:
            compared.append(("errors", 0.0))
        elif hit.id == their_id:
            error = off / their_distance if their_distance > resolved else 0.0
            compared.append(("agree" if off <= bound else "errors", error))
        elif true_ours == true_other:
            compared.append(("ties", 0.0))
        else:
            compared.append(("rounding" if abs(true_ours - true_other) <= bound else "errors", 0.0))
    return compared


def _bound(norms: float, distance: float, dim: int) -> tuple[float, float]:
    """Return how far scikit-learn's distance may be off, and the distance below which it resolves nothing.

    It takes the root of |q|^2 + |x|^2 - 2qx, whose error E is below g(dim+4) (|q|+|x|)^2, g(n) = nu/(1-nu): Higham,
    Accuracy and Stability of Numerical Algorithms, 2002, section 3.1. The root is off by at most min(sqrt(E), E/d).
    """
    terms = dim + 4
    squared = terms * _UNIT_ROUNDOFF / (1 - terms * _UNIT_ROUNDOFF) * norms**2
    resolved = float(np.sqrt(squared))
    return (min(resolved, squared / distance) if distance else resolved), resolved
