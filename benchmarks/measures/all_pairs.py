"""Time searches with every item of a store: each one's nearest others, and duplicates within a radius."""

from dataclasses import dataclass

import numpy as np

from benchmarks.common.timing import seconds_of
from search.curation.duplicates import find_duplicates
from search.searcher import Searcher
from storage import Store
from storage.nearest.faiss_flat import FaissFlat

_ROUNDS = 3

#: Queries that FAISS searches at once.
_BLOCK = 1000

#: The share of the items that have another one within the radius.
_DUPLICATES = 0.02


@dataclass(frozen=True)
class AllPairsReport:
    """Seconds, the median of a few rounds, that it takes to search with every item.

    `neighbours_s` is Lookalike's for the k nearest others, with every row checked, and `faiss_s` that of FAISS for
    positions and distances, in blocks of 1,000; `duplicates_s` is for the groups of duplicates within `radius`.
    `ratio_faiss` above 1 means that Lookalike is faster; `ratio_duplicates` is the time for duplicates divided by that
    for neighbours.
    """

    k: int
    neighbours_s: float
    faiss_s: float
    radius: float
    duplicates_s: float
    ratio_faiss: float
    ratio_duplicates: float


def measure_all_pairs(store: Store, index: FaissFlat, k: int) -> AllPairsReport:
    """Time all sides in turn; `index` has the store's vectors."""
    searcher, vectors = Searcher(store), index.vectors()
    radius = float(np.quantile(store.neighbours_of_all(1).distances, _DUPLICATES))

    def search_blocks() -> None:
        for start in range(0, len(vectors), _BLOCK):
            index.search(vectors[start : start + _BLOCK], k + 1)

    sides = (
        lambda: store.neighbours_of_all(k),
        search_blocks,
        lambda: find_duplicates(searcher, radius),
    )
    rounds = [[seconds_of(side) for side in sides] for _ in range(_ROUNDS)]
    neighbours, faiss, duplicates = np.median(rounds, axis=0).tolist()
    return AllPairsReport(
        k=k,
        neighbours_s=round(neighbours, 3),
        faiss_s=round(faiss, 3),
        radius=radius,
        duplicates_s=round(duplicates, 3),
        ratio_faiss=round(faiss / neighbours, 2),
        ratio_duplicates=round(duplicates / neighbours, 2),
    )
