"""Export a store's items to files that other tools read, and import other models' vectors."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.catalog.batch import BATCH_ZERO
from storage.catalog.encoded_items import EncodedItems, encode_items
from storage.errors import FileUnusable
from storage.files.output_file import OutputFile
from storage.memory.gc_pause import gc_paused
from storage.store import Store
from storage.transfer.export_files import is_export, to_faiss, to_npz, to_parquet
from storage.transfer.import_npz import from_npz
from storage.transfer.import_page import Page, Pages, content_digests, read_errors
from storage.transfer.import_parquet import from_parquet
from storage.types.embedding import Embedding

EXPORTS: Mapping[str, Callable[[Store, OutputFile], int]] = {".parquet": to_parquet, ".npz": to_npz, ".faiss": to_faiss}
IMPORTS: Mapping[str, Callable[[Path], Pages]] = {".parquet": from_parquet, ".npz": from_npz}

#: Up to so many bytes of items are kept from the check to the import; others are read again. An item takes about so
#: many bytes beside its vector and metadata.
_KEPT_BYTES, _ITEM_BYTES = 2**28, 512


#: Items that can be stored, without their content digests, and their vectors, (n, dim) float32.
_Checked = tuple[EncodedItems, NDArray[np.float32]]


@dataclass(frozen=True)
class ImportReport:
    """The number of items that were new, that replaced an item of the same key, and that were stored already."""

    added: int
    replaced: int
    unchanged: int


def export_store(store: Store, file: Path, *, force: bool = False) -> int:
    """Write every item of the newest batch to a `.parquet`, `.npz` or `.faiss` file, complete or not at all.

    Return how many. Items are in id order; another process may be writing. An earlier `.parquet` or `.npz` export is
    replaced, any other file only with `force`. Raise FileUnusable for another suffix or a folder that is not there,
    OutputRefused, StoreUnwritable when the disk refuses.
    """
    write = EXPORTS[_checked_suffix(file, EXPORTS)]
    if not file.parent.is_dir():
        raise FileUnusable(f"expected a folder for the export {file.name}, found none at {file.parent}: make it first")
    output = OutputFile(file, "export", is_export, force)
    output.require_replaceable(store)
    return store.read_whole(lambda: write(store, output))


def imported_embedding(dim: int, model: str) -> Embedding:
    """Return the embedding of another model's vectors: comparable only with those of the same model name."""
    fingerprint = hashlib.sha256(f"imported\n{dim}\n{model}".encode()).hexdigest()
    return Embedding(dim, fingerprint, {"imported": model})


def import_file(file: Path, store: str | Path, model: str, *, milvus: str | None = None) -> ImportReport:
    """Add the items of a `.parquet` or `.npz` file to a store, new or of the same model; they get new ids.

    The whole file is checked before anything is written. Raise FileUnusable, OtherEmbedding, InvalidVectors or
    InvalidItem.
    """
    read = IMPORTS[_checked_suffix(file, IMPORTS)]
    if file.exists() and not file.is_file():
        raise FileUnusable(f"expected a file that can be read at {file}, got a folder, pipe or device")
    # Closed at once after an error too: a traceback would keep the generator, and its file open.
    with gc_paused(), closing(read(file)) as pages:
        dim, checked = _checked(file, pages)
    with Store.open_or_create(store, imported_embedding(dim, model), milvus=milvus) as target, target.publishing():
        counts = np.zeros(3, np.int64)
        is_empty = target.last_batch() == BATCH_ZERO
        with gc_paused(), closing(read(file)) as pages:
            for items, vectors in map(_encoded, pages) if checked is None else checked:
                # The file may have changed since it was checked.
                with read_errors(file):
                    contents = content_digests(items, vectors)
                stored = {} if is_empty else target.content_digests([key.decode() for key in items.keys])
                counts += _import_items(target, items.with_contents(contents), vectors, stored)
    return ImportReport(*counts.tolist())


def _encoded(page: Page) -> _Checked:
    return encode_items(page.items), page.vectors


def _checked(file: Path, pages: Pages) -> tuple[int, list[_Checked] | None]:
    """Return the dimension of a file's vectors, and its items unless they are large, after checking every one."""
    dim = size = 0
    kept: list[_Checked] = []
    keys: set[bytes] = set()
    for items, vectors in map(_encoded, pages):
        dim = vectors.shape[1]
        size += vectors.nbytes + _ITEM_BYTES * len(items) + sum(map(len, items.metadata))
        if size <= _KEPT_BYTES:
            kept.append((items, vectors))
        new = set(items.keys)
        if len(new) < len(items) or not keys.isdisjoint(new):
            repeated = next(key for key, count in Counter([*keys.intersection(new), *items.keys]).items() if count > 1)
            raise FileUnusable(f"expected each key once in {file}, got {repeated.decode()!r} twice")
        keys |= new
    if not keys:
        raise FileUnusable(f"expected items in {file}, got none")
    return dim, kept if size <= _KEPT_BYTES else None


def _import_items(
    store: Store, items: EncodedItems, vectors: NDArray[np.float32], stored: Mapping[str, bytes]
) -> tuple[int, int, int]:
    """Store a page's items that are new, or not those `stored`; return how many were added, replaced and unchanged."""
    pairs = enumerate(zip(items.keys, items.contents, strict=True))
    changed = [row for row, (key, content) in pairs if stored.get(key.decode()) != content] if stored else None
    count = len(items)
    if changed is not None:
        items, vectors = items.take(changed), vectors[changed]
    replaced = store.append_encoded(items, vectors).replaced
    return len(items) - replaced, replaced, count - len(items)


def _checked_suffix(file: Path, suffixes: Iterable[str]) -> str:
    if file.suffix not in suffixes:
        raise FileUnusable(f"expected a file that ends in {', '.join(suffixes)}, got {file}")
    return file.suffix
