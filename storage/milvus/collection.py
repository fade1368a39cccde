"""A collection of a Milvus server; the only file that imports pymilvus.

It holds an item's id, key, label and vector, and in a row of its own, id -1, how much of a history it covers. That row
goes through the same log as the others, so it is never there without what was written before it.
"""

import json
import logging
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from storage.errors import ServerUnusable, require_extra
from storage.milvus.url import DEFAULTS, FLAT, HNSW, L2, MilvusUrl

#: The environment's variable that has the server's token: `user:password` or an API key.
TOKEN = "LOOKALIKE_MILVUS_TOKEN"  # noqa: S105

#: How long the server may take for one call, in seconds.
TIMEOUT_S = 30.0

#: How long a connection is tried, in seconds.
CONNECT_TIMEOUT_S = 10.0

#: The most neighbours that the server gives. https://milvus.io/docs/limitations.md
MOST = 16_384

#: The longest text that a field of the server holds, in bytes.
LONGEST_TEXT = 65_535

#: Values in one call, which may have 64 MB.
_VALUES = 1_000_000

#: Seconds between two looks at how far the server is.
_PATIENCE_S = 1.0

_PROGRESS = -1
_ROWS = f"id > {_PROGRESS}"

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Covered:
    """How much of a history a collection holds: of the items below `next_id` all that lived after `batch`.

    `items` counts them. Beyond them it may hold some of what came later, and of what was deleted later. `chain` is
    the hash of the history up to `batch`, in hexadecimal; no vector's squared length is larger than `largest`. A
    collection that is filled again gets another `epoch`.
    """

    epoch: str
    batch: int
    chain: str
    next_id: int
    items: int
    largest: float


@dataclass(frozen=True)
class Index:
    """How a collection is indexed, `built` being the parameters by name."""

    kind: str
    metric: str
    built: Mapping[str, int]

    def __str__(self) -> str:
        built = "".join(f", {name}={value}" for name, value in sorted(self.built.items()))
        return f"{self.kind} with {self.metric}{built}"


class MilvusCollection:
    """One store's vectors on a server; with `make`, made when there are none.

    Raise ServerUnusable when the server does not answer, lets nobody in, or has another collection of this name.
    """

    def __init__(self, url: MilvusUrl, dim: int, fingerprint: str, *, make: bool) -> None:
        require_extra("pymilvus", "milvus")
        self.url = url
        self._dim = dim
        self._fingerprint = fingerprint
        self._index = Index(url.index or FLAT, url.metric or L2, {**DEFAULTS[url.index or FLAT], **url.built})
        self._since = 0
        with self._our_errors():
            self._client = _connected(url)
            if self._client.has_collection(url.collection, timeout=TIMEOUT_S):
                self._take_up(self._client.describe_collection(url.collection, timeout=TIMEOUT_S))
            elif make:
                self._make()
            else:
                raise ServerUnusable(
                    f"expected the store's vectors at {url}, found no such collection: fill one with "
                    "`python -m storage repair` and the same --store and --milvus"
                )
            self._client.load_collection(url.collection, timeout=TIMEOUT_S)

    @property
    def exact(self) -> bool:
        """Tell whether the engine compares every vector, by the distance that answers are ordered by."""
        return self._index.kind == FLAT and self._index.metric == L2

    def close(self) -> None:
        """Close the connection; harmless when called again."""
        self._client.close()

    def _described(self) -> dict[str, Any]:
        return {
            "fingerprint": self._fingerprint,
            "dim": self._dim,
            "index": asdict(self._index),
        }

    def _make(self) -> None:
        import pymilvus

        schema = self._client.create_schema(
            auto_id=False, enable_dynamic_field=False, description=json.dumps(self._described())
        )
        schema.add_field("id", pymilvus.DataType.INT64, is_primary=True)
        schema.add_field("key", pymilvus.DataType.VARCHAR, max_length=LONGEST_TEXT)
        schema.add_field("label", pymilvus.DataType.VARCHAR, max_length=LONGEST_TEXT)
        schema.add_field("vector", pymilvus.DataType.FLOAT_VECTOR, dim=self._dim)
        index = self._client.prepare_index_params()
        index.add_index(
            "vector", index_type=self._index.kind, metric_type=self._index.metric, params=dict(self._index.built)
        )
        self._client.create_collection(
            self.url.collection, schema=schema, index_params=index, consistency_level="Strong", timeout=TIMEOUT_S
        )

    def _take_up(self, found: dict[str, Any]) -> None:
        """Take a collection's index for granted; raise ServerUnusable unless it was made for vectors like these."""
        try:
            described = dict(json.loads(found.get("description") or ""))
            (dim,) = [int(field["params"]["dim"]) for field in found["fields"] if field["name"] == "vector"]
            index, fingerprint = Index(**described["index"]), str(described["fingerprint"])
        except (TypeError, ValueError, KeyError) as error:
            raise ServerUnusable(
                f"expected a collection of Lookalike's at {self.url}, got one that something else made: name another "
                "with ?collection=NAME"
            ) from error
        if dim != self._dim:
            raise ServerUnusable(
                f"expected a collection of {self._dim} dimensions at {self.url}, got {dim}: it is another store's; "
                "name another with ?collection=NAME"
            )
        if fingerprint != self._fingerprint:
            raise ServerUnusable(
                f"expected a collection of the store's embedding (fingerprint {self._fingerprint[:12]}) at {self.url}, "
                f"got fingerprint {fingerprint[:12]}: it is another store's; name another with ?collection=NAME"
            )
        asked = self.url.index in (None, index.kind) and self.url.metric in (None, index.metric)
        if not asked or dict(self.url.built).items() - dict(index.built).items():
            raise ServerUnusable(
                f"expected the index {self._index} at {self.url}, got {index}: leave it out of the URL, or "
                "name another collection with ?collection=NAME"
            )
        self._index = index

    def clear(self) -> None:
        """Throw the collection away and make it anew, empty."""
        with self._our_errors():
            self._client.drop_collection(self.url.collection, timeout=TIMEOUT_S)
            self._make()
            self._client.load_collection(self.url.collection, timeout=TIMEOUT_S)

    def covered(self) -> Covered | None:
        """Return how much the collection holds, None when it is empty; later answers see at least as much."""
        with self._our_errors():
            # A moment by the server's clock; waiting for it once is enough, which a search of its own would do again.
            self._since = int(self._client._get_connection().alloc_timestamp())
            return self._recorded()

    def epoch(self) -> str:
        """Return what tells one filling of the collection from another."""
        with self._our_errors():
            recorded = self._recorded()
        return recorded.epoch if recorded is not None else ""

    def _recorded(self) -> Covered | None:
        found = self._client.get(self.url.collection, [_PROGRESS], ["label"], timeout=TIMEOUT_S, **self._seen())
        return Covered(**json.loads(found[0]["label"])) if found else None

    def count(self) -> int:
        """Return how many items the collection holds."""
        with self._our_errors():
            found = self._client.query(
                self.url.collection,
                filter=_ROWS,
                output_fields=["count(*)"],
                timeout=TIMEOUT_S,
                consistency_level="Strong",
            )
            return int(found[0]["count(*)"])

    def write(
        self, ids: Sequence[int], keys: Sequence[str], labels: Sequence[str], vectors: NDArray[np.float32]
    ) -> None:
        """Put in items that may be there already; `vectors` is (n, dim) float32."""
        step = max(1, _VALUES // self._dim)
        for start in range(0, len(ids), step):
            some = slice(start, start + step)
            self._upsert(
                [
                    {"id": id, "key": _cut(key), "label": _cut(label), "vector": vector}
                    for id, key, label, vector in zip(ids[some], keys[some], labels[some], vectors[some], strict=True)
                ]
            )

    def remove(self, ids: Sequence[int]) -> None:
        """Take out items that need not be there."""
        with self._our_errors():
            for start in range(0, len(ids), MOST):
                some = list(ids[start : start + MOST])
                self._client.delete(self.url.collection, ids=some, timeout=TIMEOUT_S)

    def mark(self, covered: Covered) -> None:
        """Record how much the collection holds, after it was written."""
        text = json.dumps(asdict(covered))
        self._upsert([{"id": _PROGRESS, "key": "", "label": text, "vector": np.zeros(self._dim, np.float32)}])

    def _upsert(self, rows: list[dict[str, Any]]) -> None:
        with self._our_errors():
            self._client.upsert(self.url.collection, rows, timeout=TIMEOUT_S)

    def wait_until_indexed(self) -> None:
        """Wait until the server has indexed all that it holds; before that it compares what is left one by one."""
        with self._our_errors():
            self._client.flush(self.url.collection)
            while self._client.describe_index(self.url.collection, "vector").get("pending_index_rows"):
                time.sleep(_PATIENCE_S)
            self._client.refresh_load(self.url.collection)

    def nearest(
        self, queries: NDArray[np.float32], count: int, expression: str = ""
    ) -> tuple[list[Ids], list[NDArray[np.float32]]]:
        """Return up to `count` ids nearest to each query, nearest first, and what the engine measured for each.

        `queries` is (nq, dim) float32, `count` at most MOST. `expression` chooses the rows that are compared. With L2,
        squared distances are measured.
        """
        params: dict[str, Any] = dict(self.url.searched)
        if self._index.kind == HNSW:
            params["ef"] = max(params.get("ef", 64), count)
        chosen = f"{_ROWS} and ({expression})" if expression else _ROWS
        ids: list[Ids] = []
        measured: list[NDArray[np.float32]] = []
        step = max(1, _VALUES // max(count, self._dim))
        with self._our_errors():
            for start in range(0, len(queries), step):
                answers = self._client.search(
                    self.url.collection,
                    data=list(queries[start : start + step]),
                    limit=count,
                    filter=chosen,
                    search_params={"metric_type": self._index.metric, "params": params},
                    timeout=TIMEOUT_S,
                    **self._seen(),
                )
                for hits in answers:
                    ids.append(np.array([hit["id"] for hit in hits], np.int64))
                    measured.append(np.array([hit["distance"] for hit in hits], np.float32))
        return ids, measured

    def _seen(self) -> dict[str, Any]:
        """Return what makes the server answer with at least what was written before `covered` was asked."""
        return {"consistency_level": "Customized", "guarantee_timestamp": self._since}

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        import grpc
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except (MilvusException, grpc.RpcError, ValueError) as error:
            said = " ".join(str(getattr(error, "message", error)).split())
            raise ServerUnusable(
                f"expected Milvus at {self.url.server} to answer, got '{said[:300]}': everything acknowledged so far "
                "is kept; start the server or change the URL, and run the same command again"
            ) from error


def _connected(url: MilvusUrl) -> Any:
    import pymilvus

    # What it logs of a failed call is in the error that it raises, too.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    try:
        return pymilvus.MilvusClient(uri=url.server, token=os.environ.get(TOKEN, ""), timeout=CONNECT_TIMEOUT_S)
    except pymilvus.MilvusException as error:
        if not _listens(url):
            raise
        # The client says the same of a server that is not there.
        raise ServerUnusable(
            f"expected Milvus at {url.server} to accept the token in {TOKEN}, but it lets nobody in with it: set it to "
            "user:password or an API key, or wait until the server has started"
        ) from error


def _listens(url: MilvusUrl) -> bool:
    """Tell whether somebody listens at a server's address."""
    parts = urlsplit(url.server)
    port = parts.port or (443 if parts.scheme == "https" else 19530)
    try:
        socket.create_connection((parts.hostname or "", port), CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _cut(text: str) -> str:
    """Return as much of a text as a field holds."""
    return text.encode()[:LONGEST_TEXT].decode(errors="ignore")
