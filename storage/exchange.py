"""Bring a store's items out to files that other tools read, and other models' vectors in.

Parquet and `.npz` carry id, key, label, metadata (JSON text) and vector; `.faiss` is the plain index.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage import durable
from storage.embedding import Embedding
from storage.errors import FileUnusable
from storage.faiss_flat import FaissFlat
from storage.items import Appended, Item, NewItem
from storage.store import Store

#: Items read or written at once.
PAGE = 4096

COLUMNS = ("id", "key", "label", "metadata", "vector")

#: Items and their vectors, (n, dim) float32, on their way into a store.
Page = tuple[list[NewItem], NDArray[np.float32]]


def export_store(store: Store, file: Path) -> int:
    """Write every item to a `.parquet`, `.npz` or `.faiss` file, whole or not at all; return how many.

    Items are in id order. Raise FileUnusable for another suffix, StoreUnwritable when the disk refuses.
    """
    writers: dict[str, Callable[[Store, Path], int]] = {".parquet": _to_parquet, ".npz": _to_npz, ".faiss": _to_faiss}
    return writers[_suffix(file, tuple(writers))](store, file)


def imported_embedding(dim: int, model: str) -> Embedding:
    """Return the embedding of vectors that another model made: comparable with those of the same name only."""
    fingerprint = hashlib.sha256(f"imported\n{dim}\n{model}".encode()).hexdigest()
    return Embedding(dim, fingerprint, {"imported": model})


def import_file(file: Path, store: Path, model: str) -> tuple[int, int, int]:
    """Add the items of a `.parquet` or `.npz` file to a store, new or of the same model; ids are given anew.

    Return how many were added, replaced and left unchanged. Raise FileUnusable, OtherEmbedding, InvalidVectors
    or InvalidItem; batches before a bad one stay.
    """
    readers: dict[str, Callable[[Path], Iterator[Page]]] = {".parquet": _from_parquet, ".npz": _from_npz}
    pages = readers[_suffix(file, tuple(readers))](file)
    first = next(pages, None)
    if first is None:
        raise FileUnusable(f"expected items in {file}, got none")
    embedding = imported_embedding(first[1].shape[1], model)
    target = Store.open(store, writing=True) if Store.exists_at(store) else Store.create(store, embedding)
    with target:
        target.embedding.require_same(embedding)
        counts = np.array(_import_page(target, first))
        for page in pages:
            counts += _import_page(target, page)
        target.publish()
    added, replaced, unchanged = counts.tolist()
    return added, replaced, unchanged


def _import_page(store: Store, page: Page) -> tuple[int, int, int]:
    items, vectors = page
    known = store.contents([item.key for item in items])
    fresh = [place for place, item in enumerate(items) if known.get(item.key) != item.content]
    appended = store.append([items[place] for place in fresh], vectors[fresh]) if fresh else Appended((), 0)
    return len(fresh) - appended.replaced, appended.replaced, len(items) - len(fresh)


def _suffix(file: Path, known: tuple[str, ...]) -> str:
    if file.suffix not in known:
        raise FileUnusable(f"expected a file that ends in {', '.join(known)}, got {file}")
    return file.suffix


def _to_parquet(store: Store, file: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    vector_type = pa.list_(pa.float32(), store.dim)
    types = (pa.int64(), pa.string(), pa.string(), pa.string(), vector_type)
    schema = pa.schema(list(zip(COLUMNS, types, strict=True)))
    written = 0

    def write(out: durable.HashedFile) -> None:
        nonlocal written
        with pq.ParquetWriter(pa.PythonFile(_Sink(out), mode="w"), schema) as writer:
            for items, vectors in store.pages(PAGE):
                columns = [
                    pa.array([item.id for item in items], pa.int64()),
                    pa.array([item.key for item in items], pa.string()),
                    pa.array([item.label for item in items], pa.string()),
                    pa.array([_metadata_text(item) for item in items], pa.string()),
                    pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), store.dim),
                ]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))
                written += len(items)

    durable.replace_file_with(file, write)
    return written


class _Sink(io.RawIOBase):
    """What pyarrow needs to write through a durable file."""

    def __init__(self, out: durable.HashedFile) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._out.write(memoryview(data))

    def tell(self) -> int:
        return self._out.size


def _to_npz(store: Store, file: Path) -> int:
    pages = list(store.pages(PAGE))
    items = [item for some, _ in pages for item in some]
    # Text is kept as UTF-8 in fixed width: no pickled objects. A missing label is told from an empty one by `labelled`.
    arrays = {
        "id": np.array([item.id for item in items], np.int64),
        "key": np.array([item.key for item in items], np.str_),
        "label": np.array([item.label or "" for item in items], np.str_),
        "labelled": np.array([item.label is not None for item in items], np.bool_),
        "metadata": np.array([_metadata_text(item) for item in items], np.str_),
        "vector": np.concatenate([vectors for _, vectors in pages] or [np.empty((0, store.dim), np.float32)]),
    }
    data = io.BytesIO()
    np.savez(data, allow_pickle=False, **arrays)
    durable.replace_file(file, data.getvalue())
    return len(items)


def _to_faiss(store: Store, file: Path) -> int:
    _, vectors = store.all_vectors()
    index = FaissFlat(store.dim)
    index.add(vectors)
    durable.replace_file_with(file, lambda out: index.write(out.write))
    return len(index)


def _from_parquet(file: Path) -> Iterator[Page]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(PAGE):
                named = [name for name in ("key", "label", "metadata") if name in batch.schema.names]
                columns = {name: batch.column(name).to_pylist() for name in named}
                vectors = batch.column("vector")
                values = np.asarray(vectors.flatten())
                yield _page(file, columns, values.reshape(len(vectors), -1))
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise _unusable(file, error) from error


def _from_npz(file: Path) -> Iterator[Page]:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            columns = {name: arrays[name].tolist() for name in ("key", "label", "metadata") if name in arrays.files}
            if "labelled" in arrays.files and "label" in columns:
                marked = zip(columns["label"], arrays["labelled"].tolist(), strict=True)
                columns["label"] = [label if labelled else None for label, labelled in marked]
            vectors = arrays["vector"]
            for start in range(0, len(vectors), PAGE):
                some = {name: column[start : start + PAGE] for name, column in columns.items()}
                yield _page(file, some, vectors[start : start + PAGE])
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _unusable(file, error) from error


def _page(file: Path, columns: dict[str, list[Any]], vectors: NDArray[Any]) -> Page:
    """Return items made of columns; label and metadata may be absent."""
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
        raise FileUnusable(f"expected vectors as rows of numbers in {file}, got {vectors.dtype} {vectors.shape}")
    nothing = [None] * len(vectors)
    rows = zip(columns["key"], columns.get("label", nothing), columns.get("metadata", nothing), vectors, strict=True)
    items = []
    for key, label, metadata, vector in rows:
        shown = None if label is None else str(label)
        details = json.loads(metadata) if metadata else {}
        content = hashlib.sha256(json.dumps([shown, details], sort_keys=True).encode() + vector.tobytes()).digest()
        items.append(NewItem(str(key), content, shown, details))
    return items, np.ascontiguousarray(vectors, np.float32)


def _unusable(file: Path, error: Exception) -> FileUnusable:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return FileUnusable(f"expected columns key and vector, and perhaps label and metadata, in {file}, got: {reason}")


def _metadata_text(item: Item) -> str:
    return json.dumps(item.metadata, sort_keys=True, ensure_ascii=False)
