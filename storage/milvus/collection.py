"""The collection of one store on a Milvus server.

It holds each item's id, key, label and vector, and its coverage in a row of its own, id -1. The server logs that row
like the others, so that it is never there without the rows written before it.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import ServerUnusable, require_extra
from storage.milvus.client import MAX_HITS, MAX_TEXT_BYTES, connect, item_schema, server_errors
from storage.milvus.definition import definition_for, existing_definition, require_fit
from storage.milvus.url import FLAT, HNSW, L2, MilvusUrl

#: How long the server may take for one call, in seconds.
TIMEOUT_S = 30.0

#: The most float32 values in one call, of the 64 MB that a message may have.
_MAX_VALUES = 1_000_000

#: Seconds between two checks of whether the server has indexed all.
_POLL_INTERVAL_S = 1.0

_COVERAGE_ID = -1
_ITEMS = f"id > {_COVERAGE_ID}"

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a collection holds at least: all items with ids below `next_id` that are live after `batch`.

    `items` is their number. The collection may also hold some newer items, and items deleted later. `chain` is the
    chain hash of `batch` in hexadecimal; `largest` is at least the largest squared length of a vector. `epoch`
    changes when the collection is rebuilt. The defaults are the coverage of an empty collection. The field names are
    those of the JSON in the collection.
    """

    epoch: str = ""
    batch: int = 0
    chain: str = ""
    next_id: int = 0
    items: int = 0
    largest: float = 0.0


class MilvusCollection:
    """One store's vectors on a server; with `create`, the collection is created if there is none.

    A collection of another embedding is created anew if `is_outdated` says so of its coverage. Raise ServerUnusable
    when the server does not answer or refuses the token, or has another collection of this name.
    """

    def __init__(
        self, url: MilvusUrl, dim: int, fingerprint: str, *, create: bool, is_outdated: Callable[[Coverage], bool]
    ) -> None:
        require_extra("pymilvus", "milvus")
        self.url = url
        self._definition = definition_for(url, dim, fingerprint)
        self._read_after = 0
        self._process = os.getpid()
        with self._server_errors():
            self._client = connect(url.server)
            try:
                self._open(fingerprint, create=create, is_outdated=is_outdated)
            except BaseException:
                self.close()
                raise

    def _open(self, fingerprint: str, *, create: bool, is_outdated: Callable[[Coverage], bool]) -> None:
        """Find or create the collection for vectors of the embedding of this fingerprint, and load it."""
        url = self.url
        if self._client.has_collection(url.collection, timeout=TIMEOUT_S):
            described = self._client.describe_collection(url.collection, timeout=TIMEOUT_S)
            existing = existing_definition(url, described)
            if existing.fingerprint != fingerprint and self._is_outdated(is_outdated, create=create):
                self._definition = replace(self._definition, index=existing.index)
                self._client.drop_collection(url.collection, timeout=TIMEOUT_S)
                self._create()
            else:
                require_fit(url, existing, self._definition)
                self._definition = existing
        elif create:
            self._create()
        else:
            raise ServerUnusable(
                f"expected the store's vectors at {url}, found no such collection: fill one with "
                "`lookalike store repair` and the same --store and --milvus"
            )
        self._client.load_collection(url.collection, timeout=TIMEOUT_S)

    def _is_outdated(self, is_outdated: Callable[[Coverage], bool], *, create: bool) -> bool:
        """Return whether the collection must be created anew; raise ServerUnusable if it must, and may not."""
        self._client.load_collection(self.url.collection, timeout=TIMEOUT_S)
        outdated = is_outdated(self.read_coverage())
        if outdated and not create:
            raise ServerUnusable(
                f"expected the store's vectors at {self.url}, got those from before it was renewed: wait until "
                "`lookalike renew` is done, or fill the collection with `lookalike store repair` and the same --store "
                "and --milvus"
            )
        return outdated

    @property
    def exact(self) -> bool:
        """Whether the server compares every vector, by the distance that hits are ordered by."""
        index = self._definition.index
        return index.kind == FLAT and index.metric == L2

    def close(self) -> None:
        """Close the connection, if this process opened it, and not one that it was forked from; harmless twice."""
        if os.getpid() == self._process:
            self._client.close()

    def _create(self) -> None:
        definition, index = self._definition, self._definition.index
        index_params = self._client.prepare_index_params()
        index_params.add_index("vector", index_type=index.kind, metric_type=index.metric, params=dict(index.built))
        self._client.create_collection(
            self.url.collection,
            schema=item_schema(self._client, definition.dim, json.dumps(asdict(definition))),
            index_params=index_params,
            consistency_level="Strong",
            timeout=TIMEOUT_S,
        )

    def clear(self) -> None:
        """Drop the collection and create it again, empty."""
        with self._server_errors():
            self._client.drop_collection(self.url.collection, timeout=TIMEOUT_S)
            self._create()
            self._client.load_collection(self.url.collection, timeout=TIMEOUT_S)

    def read_coverage(self) -> Coverage:
        """Return the collection's coverage; later searches see at least as much."""
        with self._server_errors():
            # A timestamp of the server's clock. Searches after it need not wait, as with consistency "Strong", until
            # the server has caught up with a timestamp of their own.
            self._read_after = int(self._client._get_connection().alloc_timestamp())
            return self._coverage()

    def read_epoch(self) -> str:
        """Return the epoch, which changes when the collection is rebuilt; empty for an empty collection."""
        with self._server_errors():
            return self._coverage().epoch

    def _coverage(self) -> Coverage:
        rows = self._client.get(
            self.url.collection, [_COVERAGE_ID], ["label"], timeout=TIMEOUT_S, **self._consistency()
        )
        return Coverage(**json.loads(rows[0]["label"])) if rows else Coverage()

    def write_coverage(self, coverage: Coverage) -> None:
        """Record the collection's coverage, after its rows were written."""
        text = json.dumps(asdict(coverage))
        vector = np.zeros(self._definition.dim, np.float32)
        self._upsert([{"id": _COVERAGE_ID, "key": "", "label": text, "vector": vector}])

    def count(self) -> int:
        """Return the number of items in the collection."""
        with self._server_errors():
            rows = self._client.query(
                self.url.collection,
                filter=_ITEMS,
                output_fields=["count(*)"],
                timeout=TIMEOUT_S,
                consistency_level="Strong",
            )
            return int(rows[0]["count(*)"])

    def write(
        self, ids: Sequence[int], keys: Sequence[str], labels: Sequence[str], vectors: NDArray[np.float32]
    ) -> None:
        """Insert or replace items; `vectors` is (n, dim) float32."""
        size = max(1, _MAX_VALUES // self._definition.dim)
        for start in range(0, len(ids), size):
            part = slice(start, start + size)
            self._upsert(
                [
                    {"id": id, "key": _truncated(key), "label": _truncated(label), "vector": vector}
                    for id, key, label, vector in zip(ids[part], keys[part], labels[part], vectors[part], strict=True)
                ]
            )

    def _upsert(self, rows: list[dict[str, Any]]) -> None:
        with self._server_errors():
            self._client.upsert(self.url.collection, rows, timeout=TIMEOUT_S)

    def remove(self, ids: Sequence[int]) -> None:
        """Delete items by id; ids that are not there are ignored."""
        with self._server_errors():
            for start in range(0, len(ids), MAX_HITS):
                part = list(ids[start : start + MAX_HITS])
                self._client.delete(self.url.collection, ids=part, timeout=TIMEOUT_S)

    def wait_until_indexed(self) -> None:
        """Wait until the server has indexed all rows; until then it scans the others."""
        with self._server_errors():
            self._client.flush(self.url.collection)
            while self._client.describe_index(self.url.collection, "vector").get("pending_index_rows"):
                time.sleep(_POLL_INTERVAL_S)
            self._client.refresh_load(self.url.collection)

    def nearest(
        self, queries: NDArray[np.float32], count: int, expression: str = ""
    ) -> tuple[list[Ids], list[NDArray[np.float32]]]:
        """Return up to `count` ids nearest to each query, nearest first, and the server's scores.

        `queries` is (nq, dim) float32, `count` at most MAX_HITS. `expression` filters the rows. With the metric L2,
        scores are squared distances.
        """
        index = self._definition.index
        params: dict[str, Any] = dict(self.url.search_params)
        if index.kind == HNSW:
            params["ef"] = max(params.get("ef", 64), count)
        ids: list[Ids] = []
        scores: list[NDArray[np.float32]] = []
        size = max(1, _MAX_VALUES // max(count, self._definition.dim))
        with self._server_errors():
            for start in range(0, len(queries), size):
                answers = self._client.search(
                    self.url.collection,
                    data=list(queries[start : start + size]),
                    limit=count,
                    filter=f"{_ITEMS} and ({expression})" if expression else _ITEMS,
                    search_params={"metric_type": index.metric, "params": params},
                    timeout=TIMEOUT_S,
                    **self._consistency(),
                )
                for hits in answers:
                    ids.append(np.array([hit["id"] for hit in hits], np.int64))
                    scores.append(np.array([hit["distance"] for hit in hits], np.float32))
        return ids, scores

    def _consistency(self) -> dict[str, Any]:
        """Return the options with which the server sees all writes up to the last `read_coverage`."""
        return {"consistency_level": "Customized", "guarantee_timestamp": self._read_after}

    def _server_errors(self) -> AbstractContextManager[None]:
        return server_errors(self.url.server)


def _truncated(text: str) -> str:
    """Return as much of a text as a field holds."""
    return text.encode()[:MAX_TEXT_BYTES].decode(errors="ignore")
