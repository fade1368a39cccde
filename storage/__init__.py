"""The store: a catalog of items with their vectors, searched by distance. All other packages are built on it."""

from storage.errors import LookalikeError
from storage.memory.neighbours import Neighbours
from storage.store import Store
from storage.types.embedding import Embedding
from storage.types.items import AppendResult, Hit, Item, NewItem
from storage.types.jobs import Job, JobUpdate, Rejected
from storage.types.where import Where

__all__ = [
    "AppendResult",
    "Embedding",
    "Hit",
    "Item",
    "Job",
    "JobUpdate",
    "LookalikeError",
    "Neighbours",
    "NewItem",
    "Rejected",
    "Store",
    "Where",
]
