"""How much of a store a collection holds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a collection holds at least: all items with ids below `next_id` that are live after `batch`.

    `items` is their number. The collection may also hold some newer items, and items deleted later. `chain` is the
    chain hash of `batch` in hexadecimal; `largest` is at least the largest squared length of a vector. `epoch`
    changes when the collection is rebuilt. The defaults are the coverage of an empty collection. The field names are
    those of the JSON in the collection.
    """

    epoch: str = ""
    batch: int = 0
    chain: str = ""
    next_id: int = 0
    items: int = 0
    largest: float = 0.0
