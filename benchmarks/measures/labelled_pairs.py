"""Pairs of pictures of a folder that are near in vectors, of which it is known whether they are copies.

Some drawings of the package are the same but for their colours, a frame or their direction: nobody can say whether
these are copies. They count as neither.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measures.altered_files import AlteredCopy
from benchmarks.measures.same_pictures import Relation, file_digest, relation
from search.curation.candidate_pairs import candidate_pairs
from search.curation.checked_pairs import check_pairs
from search.curation.copy_confidence import Evidence
from search.curation.duplicates import stored_items
from search.curation.item_pictures import ItemPictures
from storage import Store

#: The agreement below which no look at all pixels is needed to tell that two drawings are not the same.
_LITTLE_AGREEMENT = 0.5


@dataclass(frozen=True)
class LabelledPair:
    """Two pictures by their keys, what is seen of them, and whether one is a copy of the other; None: unclear.

    A pair of another `weight` than 1 counts as so many when a regression is fitted.
    """

    first: str
    second: str
    evidence: Evidence
    is_copy: bool | None
    weight: float = 1.0


def labelled_pairs(folder: Path, store: Store, copies: Sequence[AlteredCopy]) -> Iterator[LabelledPair]:
    """Yield the candidate pairs of a store that was made of a folder with altered copies."""
    origin = {copy.name: copy.original for copy in copies}
    items = stored_items(store)
    keys = {item.item.id: item.item.key for item in items}
    contents = {key: file_digest(folder / origin.get(key, key)) for key in keys.values()}
    seen = check_pairs(candidate_pairs(store, [item.item for item in items]), ItemPictures(store, items))
    for (one, other), evidence in seen.evidence.items():
        first, second = keys[one], keys[other]
        pair = frozenset((contents[first], contents[second]))
        is_unclear = False
        if len(pair) > 1 and max(evidence.look.pixels.agreement) > _LITTLE_AGREEMENT:
            paths = [folder / origin.get(key, key) for key in (first, second)]
            is_unclear = relation(paths[0], paths[1]) is not Relation.OTHER
        yield LabelledPair(first, second, evidence, None if is_unclear else len(pair) == 1)
