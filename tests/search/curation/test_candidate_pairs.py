"""Which pairs of items are worth a second look."""

from pathlib import Path

import numpy as np

from search.curation.candidate_pairs import BEHIND, NEAREST, candidate_pairs
from storage import NewItem, Store
from tests.search.curation.scenes import scene
from tests.storage.stores import EMBEDDING
from tests.toys import png


def pairs_of(folder: Path, seeds: list[int]) -> set[tuple[int, int]]:
    """Return the candidates among pictures whose vectors lie on a line, in their order."""
    vectors = np.zeros((len(seeds), EMBEDDING.dim), np.float32)
    vectors[:, 0] = np.arange(len(seeds))
    items = [
        NewItem(f"{number}", number.to_bytes(32, "big"), None, {}, png(scene(seed, 60, 80)))
        for number, seed in enumerate(seeds)
    ]
    with Store.create(folder / "store", EMBEDDING) as store:
        store.append(items, vectors)
    with Store.open(folder / "store") as store:
        return set(candidate_pairs(store, store.items()).distances)


def test_the_nearest_of_each_item_are_candidates_however_far_they_are(tmp_path: Path) -> None:
    pairs = pairs_of(tmp_path, list(range(30)))
    assert {pair for pair in pairs if pair[0] == 0} == {(0, other) for other in range(1, NEAREST + 1)}
    assert max(second - first for first, second in pairs) == NEAREST


def test_of_those_behind_the_nearest_the_ones_with_the_same_sketch_are_candidates(tmp_path: Path) -> None:
    seeds = list(range(BEHIND + 20))
    seeds[20] = seeds[BEHIND + 10] = 0
    far = {(first, second) for first, second in pairs_of(tmp_path, seeds) if second - first > NEAREST}
    assert far == {(0, 20), (20, BEHIND + 10)}
