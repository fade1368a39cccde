"""Other labels for stored items, with corrections that keep them for as long as the source says what it said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.catalog.encoded_items import require_storable
from storage.errors import StoreCorrupt
from storage.files.corrections import Correction, Corrections
from storage.reader import StoreReader
from storage.types.items import NewItem


@dataclass(frozen=True)
class Relabelling:
    """What to write: items in the place of those of the same keys, their vectors, (n, dim) float32, and corrections."""

    items: Sequence[NewItem]
    vectors: NDArray[np.float32]
    corrections: Corrections


def relabelling(store: StoreReader, labels: Mapping[str, str]) -> Relabelling:
    """Return what gives items other labels by their keys, without those that have that label.

    Raise UnknownItem, InvalidItem, or StoreCorrupt when the vector of one is damaged.
    """
    stored = store.sourced_items(list(labels))
    for key in labels:
        if key not in stored:
            # It raises UnknownItem.
            store.by_key(key)
    sources = {item.item.id: item.source for key, item in stored.items() if item.item.label != labels[key]}
    reusable = store.reusable_items(list(sources))
    if len(reusable) != len(sources):
        raise StoreCorrupt(
            f"expected the vectors of {len(sources)} items, got {len(reusable)}: run `lookalike store repair` first"
        )
    before = store.corrections()
    items, corrections = [], []
    for old in reusable:
        item, label = old.item, labels[old.item.key]
        require_storable(item.key, label, item.metadata)
        items.append(NewItem(item.key, item.content, label, item.metadata, old.thumbnail, sources[item.id]))
        source_label = before.source_label_of(item.key, item.content, item.label)
        corrections.append(Correction(item.key, item.content, source_label, label))
    vectors = np.array([old.vector for old in reusable], np.float32)
    return Relabelling(items, vectors, before.with_changes(corrections))
