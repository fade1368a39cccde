"""Compare every neighbour and distance of a store with scikit-learn's brute-force search in float64."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.measures.queries import draw_queries
from storage import Hit, Store

_UNIT_ROUNDOFF = 2.0**-53

#: How many queries are repeated one at a time; their answers must not differ from the batch's in a single bit.
ALONE = 100


@dataclass(frozen=True)
class ExactnessReport:
    """Counts over `queries` x `k` neighbours, each compared with scikit-learn's at the same rank.

    agree: the same item, at the same distance within the error bound. ties: another item at exactly the same distance.
    rounding: another item whose distance is equal within the bound. errors: everything else. The bound is the rounding
    error of scikit-learn's own formula in float64. `max_relative_error` is over the distances of agreeing items that
    are larger than what that formula resolves. `alone_differs` of the `asked_alone` queries had another answer when
    searched one at a time.
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
        """Return whether every answer was right."""
        return self.errors == 0 and self.alone_differs == 0

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
        table.add_row("differ when searched alone", f"{self.alone_differs:,} of {self.asked_alone:,}")
        return table


def measure_exactness(store: Store, *, queries: int = 1000, k: int = 10, seed: int = 0) -> ExactnessReport:
    """Compare a store's answers with scikit-learn's; raise UnfitForBenchmark if it holds too few items.

    Half of the queries are stored vectors, excluded from their own answers; half lie near stored ones.
    """
    from sklearn.neighbors import NearestNeighbors

    drawn = draw_queries(store, queries, k, seed)
    ids, vectors = store.all_vectors()
    answers = store.nearest(drawn.vectors, k, exclude=drawn.excluded)
    wide = vectors.astype(np.float64)
    neighbours = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(wide)
    distances, positions = neighbours.kneighbors(drawn.vectors.astype(np.float64))
    counts = dict.fromkeys(("agree", "ties", "rounding", "errors"), 0)
    largest_error = 0.0
    norms = np.linalg.norm(wide, axis=1)
    for query, hits, excluded, sklearn_distances, sklearn_ids in zip(
        drawn.vectors, answers, drawn.excluded, distances, ids[positions], strict=True
    ):
        included = ~np.isin(sklearn_ids, excluded)
        sklearn_hits = zip(sklearn_ids[included][:k].tolist(), sklearn_distances[included][:k].tolist(), strict=True)
        verdicts = _compare(query, hits, list(sklearn_hits), ids, wide, norms)
        for verdict, error in verdicts:
            counts[verdict] += 1
            largest_error = max(largest_error, error)
        counts["errors"] += k - len(verdicts)
    single_answers = [
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
        max_relative_error=largest_error,
        asked_alone=len(single_answers),
        alone_differs=sum(single != batched for single, batched in zip(single_answers, answers, strict=False)),
    )


def _compare(
    query: NDArray[np.float32],
    hits: list[Hit],
    sklearn_hits: list[tuple[int, float]],
    ids: NDArray[np.int64],
    vectors: NDArray[np.float64],
    norms: NDArray[np.float64],
) -> list[tuple[str, float]]:
    """Return a verdict on each rank, with the relative error of the distance if both have the same item.

    The true distances are computed from the difference of the vectors, which is more exact than scikit-learn's formula.
    """
    wide = query.astype(np.float64)
    verdicts = []
    for hit, (sklearn_id, sklearn_distance) in zip(hits, sklearn_hits, strict=False):
        pair = np.searchsorted(ids, (hit.id, sklearn_id))
        true_distance, true_sklearn_distance = (float(np.linalg.norm(wide - vectors[position])) for position in pair)
        bound, resolved = _bound(float(np.linalg.norm(wide) + norms[pair].max()), true_sklearn_distance, len(wide))
        difference = abs(hit.distance - sklearn_distance)
        if abs(hit.distance - true_distance) > bound:
            verdicts.append(("errors", 0.0))
        elif hit.id == sklearn_id:
            error = difference / sklearn_distance if sklearn_distance > resolved else 0.0
            verdicts.append(("agree" if difference <= bound else "errors", error))
        elif true_distance == true_sklearn_distance:
            verdicts.append(("ties", 0.0))
        else:
            verdicts.append(("rounding" if abs(true_distance - true_sklearn_distance) <= bound else "errors", 0.0))
    return verdicts


def _bound(norms: float, distance: float, dim: int) -> tuple[float, float]:
    """Return the error bound of scikit-learn's distance, and the distance below which it resolves nothing.

    `norms` is |q|+|x|. scikit-learn takes the root of |q|^2 + |x|^2 - 2qx, whose error E is below
    g(dim+4) (|q|+|x|)^2, g(n) = nu/(1-nu): Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1.
    The error of the root is at most min(sqrt(E), E/d).
    """
    terms = dim + 4
    squared = terms * _UNIT_ROUNDOFF / (1 - terms * _UNIT_ROUNDOFF) * norms**2
    resolved = float(np.sqrt(squared))
    return (min(resolved, squared / distance) if distance else resolved), resolved
