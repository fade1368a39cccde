"""Bring a store's items out to files that other tools read, and other models' vectors in."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from storage.catalog.row import encode_text
from storage.errors import FileUnusable
from storage.store import Store
from storage.transfer import export_files, import_files
from storage.transfer.import_files import Page, Pages
from storage.transfer.import_npz import from_npz
from storage.types.embedding import Embedding
from storage.types.items import AppendResult


def export_store(store: Store, file: Path) -> int:
    """Write every item to a `.parquet`, `.npz` or `.faiss` file, whole or not at all; return how many.

    Items are in id order. Raise FileUnusable for another suffix, StoreUnwritable when the disk refuses.
    """
    writers: dict[str, Callable[[Store, Path], int]] = {
        ".parquet": export_files.to_parquet,
        ".npz": export_files.to_npz,
        ".faiss": export_files.to_faiss,
    }
    return writers[_suffix(file, tuple(writers))](store, file)


def imported_embedding(dim: int, model: str) -> Embedding:
    """Return the embedding of vectors that another model made: comparable with those of the same name only."""
    fingerprint = hashlib.sha256(f"imported\n{dim}\n{model}".encode()).hexdigest()
    return Embedding(dim, fingerprint, {"imported": model})


def import_file(file: Path, store: str | Path, model: str, *, milvus: str | None = None) -> tuple[int, int, int]:
    """Add the items of a `.parquet` or `.npz` file to a store, new or of the same model; ids are given anew.

    Return how many were added, replaced and left unchanged. The whole file is checked before anything is written.
    Raise FileUnusable, OtherEmbedding, InvalidVectors or InvalidItem.
    """
    readers: dict[str, Callable[[Path], Pages]] = {
        ".parquet": import_files.from_parquet,
        ".npz": from_npz,
    }
    read = readers[_suffix(file, tuple(readers))]
    if file.exists() and not file.is_file():
        raise FileUnusable(f"expected a file that can be read at {file}, got a folder, pipe or device")
    embedding = imported_embedding(_checked_dim(file, read(file)), model)
    with Store.open_or_create(store, embedding, milvus=milvus) as target:
        counts = np.zeros(3, np.int64)
        for page in read(file):
            counts += _import_page(target, page)
        target.publish()
    added, replaced, unchanged = counts.tolist()
    return added, replaced, unchanged


def _checked_dim(file: Path, pages: Pages) -> int:
    """Return the dimension of a file's vectors after every item was looked at."""
    dim = 0
    keys: set[str] = set()
    for items, vectors in pages:
        dim = vectors.shape[1]
        for item in items:
            encode_text(item)
            if item.key in keys:
                raise FileUnusable(f"expected each key once in {file}, got {item.key!r} twice")
            keys.add(item.key)
    if not keys:
        raise FileUnusable(f"expected items in {file}, got none")
    return dim


def _import_page(store: Store, page: Page) -> tuple[int, int, int]:
    items, vectors = page
    known = store.contents([item.key for item in items])
    fresh = [place for place, item in enumerate(items) if known.get(item.key) != item.content]
    appended = store.append([items[place] for place in fresh], vectors[fresh]) if fresh else AppendResult((), 0)
    return len(fresh) - appended.replaced, appended.replaced, len(items) - len(fresh)


def _suffix(file: Path, known: tuple[str, ...]) -> str:
    if file.suffix not in known:
        raise FileUnusable(f"expected a file that ends in {', '.join(known)}, got {file}")
    return file.suffix
