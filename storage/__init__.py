"""The store: a catalog of items with their vectors, searched by distance. All other packages are built on it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storage.errors import LookalikeError
    from storage.memory.batch_hits import BatchHits
    from storage.memory.neighbours import Neighbours
    from storage.store import Store
    from storage.types.embedding import Embedding
    from storage.types.items import AppendResult, Hit, Item, NewItem
    from storage.types.jobs import Job, JobUpdate, Rejected
    from storage.types.where import Where

__all__ = [
    "AppendResult",
    "BatchHits",
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

#: The module of each public name. They are imported at their first use: see `interrupts.py`.
_MODULES = {
    "LookalikeError": "errors",
    "BatchHits": "memory.batch_hits",
    "Neighbours": "memory.neighbours",
    "Store": "store",
    "Embedding": "types.embedding",
    **dict.fromkeys(("AppendResult", "Hit", "Item", "NewItem"), "types.items"),
    **dict.fromkeys(("Job", "JobUpdate", "Rejected"), "types.jobs"),
    "Where": "types.where",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
