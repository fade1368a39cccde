"""Rows, vectors and files: the store that every other part of Lookalike stands on."""

from storage.embedding import Embedding
from storage.errors import LookalikeError
from storage.items import Appended, Hit, Item, NewItem
from storage.ledger import Entry, Job, Rejected
from storage.neighbours import Neighbours
from storage.store import Store
from storage.where import Where

__all__ = [
    "Appended",
    "Embedding",
    "Entry",
    "Hit",
    "Item",
    "Job",
    "LookalikeError",
    "Neighbours",
    "NewItem",
    "Rejected",
    "Store",
    "Where",
]
