"""The Arrow schema of a store's rows: what a row's checksum covers, and the metadata in typed columns.

Metadata of one name can have values of several types, none of which equals another: each type has a column of its own,
named "integer:width", with nulls where a row has none of it. What these types do not hold exactly, such as a whole
number beyond 64 bits, and what few rows have, is not in a typed column: such rows are marked in the column `apart`, and
filters decode their metadata.
"""

import json
from collections.abc import Iterable

import pyarrow as pa

#: The columns that every row has a value in; the label may be missing.
OWN_FIELDS = (
    pa.field("id", pa.int64()),
    pa.field("batch", pa.int64()),
    pa.field("key", pa.large_string()),
    pa.field("label", pa.large_string()),
    pa.field("content", pa.large_binary()),
    pa.field("metadata", pa.large_string()),
    pa.field("checksum", pa.binary(16)),
    pa.field("apart", pa.bool_()),
)

INTEGER, UNSIGNED, FLOAT, TRUTH, TEXT, NULL = "integer", "unsigned", "float", "truth", "text", "null"

#: The Arrow type of each kind of typed column. A column of nulls only tells which rows have the field.
TYPES: dict[str, pa.DataType] = {
    INTEGER: pa.int64(),
    UNSIGNED: pa.uint64(),
    FLOAT: pa.float64(),
    TRUTH: pa.bool_(),
    TEXT: pa.large_string(),
    NULL: pa.bool_(),
}

#: The key of the schema's metadata that lists the fields whose values are not all in typed columns, as JSON.
_PARTIAL = b"partial"


def typed_field(kind: str, name: str) -> pa.Field:
    """Return the field of a typed column."""
    return pa.field(f"{kind}:{name}", TYPES[kind])


def kind_and_name(field: pa.Field) -> tuple[str, str]:
    """Return the kind and the name of the metadata in a typed column."""
    kind, _, name = field.name.partition(":")
    return kind, name


def schema_of(typed: Iterable[pa.Field], partial: Iterable[str]) -> pa.Schema:
    """Return the schema with these typed columns, of which the fields `partial` do not have all values."""
    return pa.schema([*OWN_FIELDS, *typed], {_PARTIAL: json.dumps(sorted(partial)).encode()})


def typed_fields(schema: pa.Schema) -> list[pa.Field]:
    """Return the fields of the typed columns."""
    return list(schema)[len(OWN_FIELDS) :]


def partial_fields(schema: pa.Schema) -> set[str]:
    """Return the names of the fields that have values beside the typed columns."""
    return set(json.loads(schema.metadata[_PARTIAL]))


def is_valid_schema(schema: pa.Schema) -> bool:
    """Return whether a schema, which can be of any origin, is one that `schema_of` returns."""
    typed = typed_fields(schema)
    if not all(kind_and_name(field)[0] in TYPES for field in typed) or len(set(schema.names)) != len(schema.names):
        return False
    try:
        partial = partial_fields(schema)
        expected = schema_of((typed_field(*kind_and_name(field)) for field in typed), partial)
    except (KeyError, TypeError, ValueError, RecursionError):
        return False
    return all(isinstance(name, str) for name in partial) and bool(schema.equals(expected, check_metadata=True))
