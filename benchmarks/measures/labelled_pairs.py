"""Pairs of pictures of a folder that are near in vectors, of which it is known whether they are copies.

Some drawings of the package are the same but for their colours, a frame or their direction: nobody can say whether
these are copies. `same_drawings.txt` names such pairs, as they were told apart by eye, and they count as neither.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from benchmarks.measures.altered_files import AlteredCopy
from benchmarks.measures.debian_pictures import DRAWINGS
from search.curation.candidate_pairs import candidate_pairs
from search.curation.checked_pairs import check_pairs
from search.curation.copy_confidence import Evidence
from search.curation.duplicates import stored_items
from search.curation.item_pictures import ItemPictures
from storage import Store

_SAME = Path(__file__).with_name("same_drawings.txt")


@dataclass(frozen=True)
class LabelledPair:
    """Two pictures by their keys, what is seen of them, and whether one is a copy of the other; None: unclear."""

    first: str
    second: str
    evidence: Evidence
    is_copy: bool | None


def labelled_pairs(folder: Path, store: Store, copies: Sequence[AlteredCopy]) -> Iterator[LabelledPair]:
    """Yield the candidate pairs of a store that was made of a folder with altered copies."""
    origin = {copy.name: copy.original for copy in copies}
    items = stored_items(store)
    keys = {item.item.id: item.item.key for item in items}
    contents = {key: file_digest(folder / origin.get(key, key)) for key in keys.values()}
    seen = check_pairs(candidate_pairs(store, [item.item for item in items]), ItemPictures(store, items))
    unclear = same_drawings()
    for (one, other), evidence in seen.evidence.items():
        first, second = keys[one], keys[other]
        pair = frozenset((contents[first], contents[second]))
        yield LabelledPair(first, second, evidence, None if pair in unclear else len(pair) == 1)


@lru_cache
def same_drawings() -> frozenset[frozenset[str]]:
    """Return the pairs of drawings of which nobody can say whether they are copies, by the sha256 of their files."""
    pairs = (line.split("\t") for line in _SAME.read_text().splitlines() if not line.startswith("#"))
    return frozenset(frozenset(file_digest(DRAWINGS / path) for path in pair) for pair in pairs)


def file_digest(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal; of one that is not there its name."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else path.name
