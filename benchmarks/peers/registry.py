"""The peers: what each is called, where it comes from, and what a fair reader must know of it."""

from dataclasses import dataclass
from importlib import import_module, metadata
from typing import cast

from benchmarks.peers.peer import Peer


@dataclass(frozen=True)
class Known:
    """A peer by name: its module here has a class `Subject`.

    `keeps` tells whether an insert that returned is said to be kept, so that killing its process may be tried.
    `exact` is what it promises, not what was measured.
    """

    name: str
    module: str
    distribution: str
    exact: bool
    keeps: bool
    note: str

    @property
    def version(self) -> str | None:
        """Return the installed version, or None."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None

    def subject(self, *, keeping: bool = False) -> Peer:
        """Import the library and return a peer that neither created nor opened a store.

        When `keeping`, return the one that keeps each insert, where that takes more than the usual calls.
        """
        module = import_module(f"benchmarks.peers.{self.module}")
        made = getattr(module, "Keeping", module.Subject) if keeping else module.Subject
        return cast(Peer, made())


KNOWN = {
    known.name: known
    for known in (
        Known(
            "Lookalike",
            "lookalike",
            "lookalike",
            True,
            True,
            "checks every returned row against its checksum and orders by float64 distances; labels, keys and metadata",
        ),
        Known(
            "FAISS",
            "bare_faiss",
            "faiss-cpu",
            True,
            True,
            "a library: numbers and squared float32 distances; the file is written anew at the end, without a flush",
        ),
        Known(
            "scikit-learn",
            "scikit",
            "scikit-learn",
            True,
            False,
            "a library: numbers and distances; its vectors are saved and loaded with NumPy, all at once",
        ),
        Known(
            "hnswlib brute force",
            "hnswlib_brute",
            "hnswlib",
            True,
            False,
            "a library: numbers and squared float32 distances; saved all at once",
        ),
        Known(
            "usearch exact",
            "usearch_exact",
            "usearch",
            True,
            False,
            "a function over an array in memory: numbers and squared float32 distances; saved with NumPy, all at once",
        ),
        Known(
            "LanceDB flat",
            "lancedb_flat",
            "lancedb",
            True,
            True,
            "a columnar store on disk, searched without an index, compacted after the last insert; returns any column",
        ),
        Known(
            "Chroma",
            "chroma",
            "chromadb",
            False,
            True,
            "HNSW with its defaults, there is no exact search: approximate, so it may be faster; filters, documents",
        ),
        Known(
            "Qdrant local",
            "qdrant_local",
            "qdrant-client",
            True,
            True,
            "the Python stand-in for the server, advised for tests and below 20,000 points; filters, payloads",
        ),
        Known(
            "Milvus Lite",
            "milvus",
            "milvus-lite",
            True,
            True,
            "FLAT in one process, a stand-in for the server; filters, fields",
        ),
    )
}
