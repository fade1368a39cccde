"""Query results as an Arrow table, for pandas, Polars, DuckDB and others."""

import json
from collections.abc import Iterable, Sequence

import pyarrow as pa

from storage import Hit

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


def arrow_table(answers: Iterable[tuple[str, Sequence[Hit]]]) -> pa.Table:
    """Return the hits of queries, each with its name, one row a hit, with the query's index from 0.

    Metadata is JSON text.
    """
    rows = [
        (
            index,
            query,
            hit.rank,
            hit.id,
            hit.key,
            hit.label,
            hit.distance,
            json.dumps(hit.metadata, sort_keys=True, ensure_ascii=False),
        )
        for index, (query, hits) in enumerate(answers)
        for hit in hits
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, SCHEMA.types, strict=True)], schema=SCHEMA)
