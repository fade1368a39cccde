"""The registry of peers: their names, packages, and what to know of each when comparing them."""

from dataclasses import dataclass
from importlib import import_module, metadata
from typing import cast

from benchmarks.peers.peer import Peer


@dataclass(frozen=True)
class PeerInfo:
    """A peer by name; `factory` is the class or function that returns it, as `module:name` in this package.

    `exact` is what its documentation promises. `persists` says whether an insert that returned should survive a crash
    of the process, which is then tested, with the peer of `persistent_factory` where one is given.
    """

    name: str
    factory: str
    distribution: str
    note: str
    exact: bool = True
    persists: bool = False
    persistent_factory: str | None = None

    @property
    def version(self) -> str | None:
        """Return the installed version, or None."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None

    def make(self, *, persistent: bool = False) -> Peer:
        """Import the library and return a new peer; a `persistent` one persists each insert."""
        factory = self.persistent_factory if persistent and self.persistent_factory else self.factory
        module, _, name = factory.partition(":")
        return cast(Peer, getattr(import_module(f"benchmarks.peers.{module}"), name)())


PEERS = {
    info.name: info
    for info in (
        PeerInfo(
            "Lookalike",
            "lookalike_peer:LookalikePeer",
            "lookalike",
            "checks every returned row against its checksum and orders by float64 distances; labels, keys and metadata",
            persists=True,
        ),
        PeerInfo(
            "FAISS",
            "faiss_peer:FaissPeer",
            "faiss-cpu",
            "a library: numbers and squared float32 distances; the file is rewritten at the end, without a flush",
            persists=True,
            persistent_factory="faiss_peer:PersistentFaissPeer",
        ),
        PeerInfo(
            "scikit-learn",
            "sklearn_peer:sklearn_peer",
            "scikit-learn",
            "a library: numbers and distances; its vectors are saved and loaded with NumPy, all at once",
        ),
        PeerInfo(
            "hnswlib brute force",
            "hnswlib_peer:hnswlib_peer",
            "hnswlib",
            "a library: numbers and squared float32 distances; saved all at once",
        ),
        PeerInfo(
            "usearch exact",
            "usearch_peer:usearch_peer",
            "usearch",
            "a function over an array in memory: numbers and squared float32 distances; saved with NumPy, all at once",
        ),
        PeerInfo(
            "LanceDB flat",
            "lancedb_peer:LanceDbPeer",
            "lancedb",
            "a columnar store on disk, searched without an index, compacted after the last insert; returns any column",
            persists=True,
        ),
        PeerInfo(
            "Chroma",
            "chroma_peer:ChromaPeer",
            "chromadb",
            "HNSW with its defaults, there is no exact search: approximate, so it may be faster; filters, documents",
            exact=False,
            persists=True,
        ),
        PeerInfo(
            "Qdrant local",
            "qdrant_peer:QdrantPeer",
            "qdrant-client",
            "the Python stand-in for the server, advised for tests and below 20,000 points; filters, payloads",
            persists=True,
        ),
        PeerInfo(
            "Milvus Lite",
            "milvus_peer:MilvusPeer",
            "milvus-lite",
            "FLAT in one process, a stand-in for the server; filters, fields",
            persists=True,
        ),
    )
}
