"""Corrupt files of columns: none may be used, and even with a forged sha256 none may crash or exhaust the memory."""

import hashlib
import io
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.durability.corruption import byte_corruptions
from benchmarks.durability.corruption.byte_corruptions import SECTOR, Corruption
from benchmarks.durability.corruption.isolated import Outcome, RunTrial
from storage.catalog.encoded_items import encode_items
from storage.columns.arrow_file import parse_columns, read_columns, write_columns
from storage.columns.column_filter import ColumnFilter
from storage.columns.columns import Columns
from storage.columns.columns_builder import ColumnsBuilder, empty_columns
from storage.errors import StoreCorrupt
from storage.types.item_columns import ItemColumns
from storage.types.items import NewItem, Scalar
from storage.types.where import Where, conditions_of

_ROWS = 200
_DIM = 4

_FILTERS: tuple[Where, ...] = (
    {"label": ["1", None]},
    {"key": {">": "item 1"}, "id": {"<": 150}},
    {"width": {">=": 640.5}},
    {"name": {"!=": "é 7"}},
    {"any": [1, "1", True, 0.5, 2**63]},
    {"rare": {"exists": True}},
)


def _corruptions(other: bytes) -> dict[str, Corruption]:
    """Return the kinds of corruption, given another file of columns."""
    return {
        **byte_corruptions.OF_ANY_FILE,
        "swapped words": byte_corruptions.swap_blocks(8),
        "sectors of another file": byte_corruptions.mix_blocks(SECTOR, other),
        "forged numbers": byte_corruptions.forge_words,
    }


def kind_of(number: int) -> str:
    """Return the kind of corruption of a trial."""
    kinds = list(_corruptions(b""))
    return kinds[number % len(kinds)]


def make_trials(seed: int, _: Path) -> RunTrial:
    """Return the trial that corrupts a file of columns."""
    intact, corruptions = _file(seed), _corruptions(_file(seed + 1))
    sha256 = hashlib.sha256(intact).digest()

    def run_trial(number: int) -> Outcome:
        generator = np.random.default_rng([seed, number])
        corrupt = byte_corruptions.differing(corruptions[kind_of(number)], intact, generator)
        if read_columns(io.BytesIO(corrupt), len(intact), sha256, _ROWS) is not None:
            return "accepted", "the corrupt file was used"
        try:
            columns = parse_columns(pa.py_buffer(corrupt), _ROWS)
            return ("unused", "") if columns is None else _use(columns)
        except Exception as error:
            return "failed", repr(error)

    return run_trial


def _use(columns: Columns) -> Outcome:
    """Read everything of columns whose values can be any, but not their form."""
    rows = columns.rows(np.arange(_ROWS), np.zeros((_ROWS, _DIM), np.float32))
    column_filter = ColumnFilter(columns)
    # Metadata may be no JSON by now.
    with suppress(StoreCorrupt):
        column_filter.metadata_names()
    for where in _FILTERS:
        with suppress(StoreCorrupt):
            column_filter.matching(conditions_of(where))
    columns.batch.to_pylist()
    return ("right", "") if len(rows) == _ROWS else ("failed", f"{len(rows)} rows")


def _file(seed: int) -> bytes:
    """Return a file with columns of every type."""
    generator = np.random.default_rng(seed)
    builder, out = ColumnsBuilder(), io.BytesIO()
    values: list[Scalar] = [1, "1", True, 0.5, None, 2**63, 2**70]
    items, vectors = [], []
    for id in range(_ROWS):
        metadata: dict[str, Scalar] = {
            "width": int(generator.integers(2000)),
            "name": f"é {id % 9}",
            "any": values[id % len(values)],
        }
        metadata |= {"rare": id} if id == _ROWS // 2 else {}
        items.append(NewItem(f"item {id}", generator.bytes(32), None if id % 5 == 0 else str(id % 10), metadata))
        vectors.append(generator.random(_DIM, np.float32))
    builder.add(encode_items(ItemColumns.of(items)).rows(0, 1, np.array(vectors)))
    write_columns(builder.finish(empty_columns()), out.write)
    return out.getvalue()
