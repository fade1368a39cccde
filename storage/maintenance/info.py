"""Describe a store: counts, sizes, index files, versions."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from storage.catalog.catalog import Catalog
from storage.catalog.database import Database
from storage.catalog.pages import BatchState
from storage.files import generations
from storage.nearest.batch_search import batch_engine
from storage.nearest.faiss_flat import FAISS_VERSION
from storage.types.embedding import Embedding
from storage.types.label_counts import LabelCounts, in_order
from storage.types.query import DEFAULT_K


@dataclass(frozen=True)
class GenerationFile:
    """A recorded index file; `bytes` are also those of its columns, `covers_all` is true when no batch came later."""

    file: str
    batch: int
    items: int
    bytes: int
    covers_all: bool


@dataclass(frozen=True)
class StoreInfo:
    """A store at one moment; sizes are in bytes, `chain` is the chain hash of the newest batch.

    `batch_engine` is what compares many queries at once on this machine, for as many neighbours as are usual.
    """

    items: int
    deleted: int
    batches: int
    chain: str
    labels: LabelCounts
    sources: dict[str, int]
    embedding: Embedding
    catalog_bytes: int
    index_bytes: int
    generations: list[GenerationFile]
    format: int
    made_with: str
    batch_engine: str

    def as_json(self) -> dict[str, Any]:
        """Return the description as JSON values; `unlabelled` counts the items without a label."""
        name, _, version = self.made_with.partition(" ")
        server = {} if name == "SQLite" else {name.lower(): version}
        return {
            "items": self.items,
            "deleted": self.deleted,
            "batches": self.batches,
            "chain": self.chain,
            "dim": self.embedding.dim,
            "embedding": self.embedding.name,
            "fingerprint": self.embedding.fingerprint,
            "fitted_on": self.embedding.spec.get("fitted_on"),
            "spec": dict(self.embedding.spec),
            "labels": {label: count for label, count in self.labels.items() if label is not None},
            "unlabelled": self.labels.get(None, 0),
            "sources": self.sources,
            "catalog_bytes": self.catalog_bytes,
            "index_bytes": self.index_bytes,
            "generations": [asdict(generation) for generation in self.generations],
            "format": self.format,
            "batch_engine": self.batch_engine,
            "versions": {"sqlite": sqlite3.sqlite_version, "faiss": FAISS_VERSION, **server},
        }


def describe(state: BatchState, folder: Path | None, database: Database, labels: LabelCounts) -> StoreInfo:
    """Describe a state of a store, and the files and sources that there are now; a store on a server has no folder."""
    last = state.batch
    with state.reading() as catalog:
        files = list(_files(catalog, folder)) if folder is not None else []
        embedding = catalog.embedding()
    sources = source_counts(state)
    # Otherwise the sources of deleted items may have been gone when they were counted.
    state.require_kept()
    return StoreInfo(
        items=last.live,
        deleted=last.next_id - last.live,
        batches=last.number,
        chain=last.chain.hex(),
        labels=labels,
        sources=sources,
        embedding=embedding,
        catalog_bytes=database.bytes(),
        index_bytes=sum(file.bytes for file in files),
        generations=files,
        format=database.format(),
        made_with=database.made_with,
        batch_engine=batch_engine(last.live, embedding.dim, DEFAULT_K),
    )


def label_counts(state: BatchState) -> LabelCounts:
    """Count the live items of each label, in order of the labels and None last; every row is checked."""
    return in_order(Counter(row.item().label for rows in state.checked_rows() for row in rows))


def source_counts(state: BatchState) -> dict[str, int]:
    """Count the live items of each source, by name and in that order; their rows are not checked."""
    counts: Counter[str] = Counter()
    for page_counts in state.scan(lambda catalog, page: catalog.sources.counts(page)):
        counts.update(page_counts)
    return dict(sorted(counts.items()))


def _files(catalog: Catalog, folder: Path) -> Iterator[GenerationFile]:
    last = catalog.history.last_batch()
    for generation in catalog.history.generations():
        paths = generations.paths_of(generation, folder)
        size = sum(path.lstat().st_size for path in paths if path.is_file())
        yield GenerationFile(paths[0].name, generation.batch, generation.items, size, generation.batch == last.number)
