"""Query results as an Arrow table, for pandas, Polars, DuckDB and others."""

import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from storage import BatchHits

SCHEMA = pa.schema(
    [
        ("query", pa.int64()),
        ("asked", pa.string()),
        ("rank", pa.int64()),
        ("id", pa.int64()),
        ("key", pa.string()),
        ("label", pa.string()),
        ("distance", pa.float64()),
        ("metadata", pa.string()),
    ]
)


def arrow_table(names: Sequence[str], hits: BatchHits) -> pa.Table:
    """Return the hits of queries, each with its name, one row a hit, with the query's index from 0.

    Metadata is JSON text. Ids and distances are not copied.
    """
    queries = np.repeat(np.arange(len(hits)), hits.counts)
    items = pa.array(hits.indices)
    metadata = [json.dumps(each, sort_keys=True, ensure_ascii=False) for each in hits.items.metadata]
    columns = {
        "query": pa.array(queries),
        "asked": pa.array(names, pa.string()).take(pa.array(queries)),
        "rank": pa.array(np.arange(len(queries)) - hits.offsets[queries] + 1),
        "id": pa.array(hits.ids),
        "key": pa.array(hits.items.keys, pa.string()).take(items),
        "label": pa.array(hits.items.labels, pa.string()).take(items),
        "distance": pa.array(hits.distances),
        "metadata": pa.array(metadata, pa.string()).take(items),
    }
    return pa.table(columns, schema=SCHEMA)
