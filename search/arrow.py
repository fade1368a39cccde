"""Query results as an Arrow table, for pandas, Polars, DuckDB and others."""

import json
from collections.abc import Sequence

import pyarrow as pa

from search.results import QueryResult

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


def arrow_table(results: Sequence[QueryResult]) -> pa.Table:
    """Return the hits of all results, one row each, with the index of its query from 0; metadata is JSON text."""
    rows = [
        (
            index,
            result.query,
            hit.rank,
            hit.id,
            hit.key,
            hit.label,
            hit.distance,
            json.dumps(hit.metadata, sort_keys=True, ensure_ascii=False),
        )
        for index, result in enumerate(results)
        for hit in result.hits
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, SCHEMA.types, strict=True)], schema=SCHEMA)
