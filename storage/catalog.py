"""What the catalog is asked and told: every statement that reads or writes its rows.

A `Catalog` lives as long as one transaction, so all that it answers comes from the same snapshot. Values are
Python's own: SQLite silently matches nothing when it is handed a numpy integer.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from storage.checksum import CHAIN_START
from storage.embedding import Embedding
from storage.errors import StoreCorrupt
from storage.items import is_text
from storage.rows import VECTOR_TYPE, Batch, Generation, Row
from storage.schema import ArrayRow, BatchRow, EmbeddingRow, GenerationRow, ItemRow, SetAsideRow, ThumbnailRow

#: How many values one `IN (...)` carries; some builds of SQLite allow 999 variables.
CHUNK = 900

#: How many rows are held at once while a table is walked.
PAGE = 4096

T = TypeVar("T")


_ROW = sa.select(
    ItemRow.id,
    ItemRow.batch,
    ItemRow.key,
    ItemRow.label,
    ItemRow.content,
    ItemRow.details,
    ItemRow.vector,
    ItemRow.checksum,
)
_LIVE = ItemRow.deleted_in.is_(None)
# Built once: putting a statement together takes longer than running it.
_ASKED: sa.BindParameter[Any] = sa.bindparam("asked", expanding=True)
_ROW_BY_ID = _ROW.where(ItemRow.id.in_(_ASKED), _LIVE)
_ROW_BY_KEY = _ROW.where(ItemRow.key.in_(_ASKED), _LIVE)
_CONTENT_BY_KEY = sa.select(ItemRow.key, ItemRow.content).where(ItemRow.key.in_(_ASKED), _LIVE)
_BATCH = sa.select(BatchRow.number, BatchRow.live, BatchRow.next_id, BatchRow.chain)


class Catalog:
    """The catalog as one transaction sees it."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    # The embedding

    def write_embedding(self, embedding: Embedding) -> None:
        """Write how the store's vectors are made, with batch 0, the empty store."""
        self._connection.execute(
            sa.insert(EmbeddingRow).values(
                id=1,
                dim=embedding.dim,
                fingerprint=embedding.fingerprint,
                spec=json.dumps(embedding.spec, sort_keys=True, ensure_ascii=False, allow_nan=False),
            )
        )
        for name, array in embedding.arrays.items():
            data = np.ascontiguousarray(array, VECTOR_TYPE).tobytes()
            self._connection.execute(
                sa.insert(ArrayRow).values(
                    name=name, shape=json.dumps(array.shape), data=data, sha256=hashlib.sha256(data).digest()
                )
            )
        self.write_batch(Batch(0, live=0, next_id=0, chain=CHAIN_START))

    def embedding(self) -> Embedding:
        """Return how the store's vectors are made; raise StoreCorrupt when a fitted array is damaged."""
        row = self._connection.execute(sa.select(EmbeddingRow.dim, EmbeddingRow.fingerprint, EmbeddingRow.spec)).one()
        arrays = {}
        columns = sa.select(ArrayRow.name, ArrayRow.shape, ArrayRow.data, ArrayRow.sha256).order_by(ArrayRow.name)
        for name, shape, data, sha256 in self._connection.execute(columns):
            if hashlib.sha256(data).digest() != sha256:
                raise StoreCorrupt(
                    f"expected the embedding's array '{name}' to match its checksum, but it was damaged after it "
                    "was written: restore the store from a backup"
                )
            arrays[name] = np.frombuffer(data, VECTOR_TYPE).reshape(json.loads(shape))
        return Embedding(row.dim, row.fingerprint, json.loads(row.spec), arrays)

    # Batches and generations

    def write_batch(self, batch: Batch) -> None:
        """Record a batch."""
        self._connection.execute(
            sa.insert(BatchRow).values(number=batch.number, live=batch.live, next_id=batch.next_id, chain=batch.chain)
        )

    def last_batch(self) -> Batch:
        """Return the newest batch."""
        return Batch(*self._connection.execute(_BATCH.order_by(BatchRow.number.desc()).limit(1)).one())

    def batches(self) -> list[Batch]:
        """Return every batch in order, from batch 0."""
        return [Batch(*row) for row in self._connection.execute(_BATCH.order_by(BatchRow.number))]

    def write_generation(self, generation: Generation) -> None:
        """Record an index file that is complete and durable already."""
        self._connection.execute(
            sa.insert(GenerationRow).values(
                number=generation.number,
                batch=generation.batch,
                chain=generation.chain,
                items=generation.items,
                size=generation.size,
                sha256=generation.sha256,
            )
        )

    def generations(self) -> list[Generation]:
        """Return the recorded generations that belong to this history, newest first."""
        columns = sa.select(
            GenerationRow.number,
            GenerationRow.batch,
            GenerationRow.chain,
            GenerationRow.items,
            GenerationRow.size,
            GenerationRow.sha256,
        )
        same_history = columns.join(
            BatchRow, sa.and_(BatchRow.number == GenerationRow.batch, BatchRow.chain == GenerationRow.chain)
        )
        return [
            Generation(*row) for row in self._connection.execute(same_history.order_by(GenerationRow.number.desc()))
        ]

    def rewrite_batch(self, batch: Batch) -> None:
        """Make a batch's record say what its rows do."""
        values = {"live": batch.live, "next_id": batch.next_id, "chain": batch.chain}
        self._connection.execute(sa.update(BatchRow).where(BatchRow.number == batch.number).values(values))

    def next_generation(self) -> int:
        """Return a number that no generation has had."""
        newest = self._connection.execute(sa.select(sa.func.max(GenerationRow.number))).scalar_one()
        return 1 if newest is None else newest + 1

    def forget_generations(self, before: int) -> None:
        """Remove the records of generations older than number `before`."""
        self._connection.execute(sa.delete(GenerationRow).where(GenerationRow.number < before))

    def forget_generation(self, number: int) -> None:
        """Remove the record of one generation."""
        self._connection.execute(sa.delete(GenerationRow).where(GenerationRow.number == number))

    # Rows

    def write_rows(self, rows: Sequence[Row], thumbnails: Mapping[int, bytes]) -> None:
        """Write new rows, and the thumbnails of those that have one."""
        self._connection.execute(
            sa.insert(ItemRow),
            [
                {
                    "id": row.id,
                    "batch": row.batch,
                    "deleted_in": None,
                    "key": row.key,
                    "label": row.label,
                    "content": row.content,
                    "metadata": row.metadata,
                    "vector": row.vector,
                    "checksum": row.checksum,
                }
                for row in rows
            ],
        )
        if thumbnails:
            self._connection.execute(
                sa.insert(ThumbnailRow), [{"item": id, "png": png} for id, png in thumbnails.items()]
            )

    def bury(self, ids: Sequence[int], batch: int) -> None:
        """Turn live rows into tombstones of the given batch."""
        for some in _chunks(ids):
            self._connection.execute(sa.update(ItemRow).where(ItemRow.id.in_(some), _LIVE).values(deleted_in=batch))

    def set_aside(self, id: int) -> None:
        """Copy a damaged row to where people can look at it, as it is, and empty it."""
        kept = [column.name for column in SetAsideRow.__table__.columns if column.name != "item"]
        found = sa.select(ItemRow.id, *(ItemRow.__table__.c[name] for name in kept)).where(ItemRow.id == id)
        self._connection.execute(sa.delete(SetAsideRow).where(SetAsideRow.item == id))
        self._connection.execute(sa.insert(SetAsideRow).from_select(["item", *kept], found))
        self._connection.execute(sa.delete(ThumbnailRow).where(ThumbnailRow.item == id))
        self._connection.execute(sa.update(ItemRow).where(ItemRow.id == id).values(vector=b""))

    def empty_tombstones(self) -> None:
        """Drop the vectors and thumbnails of deleted items; the checksums stay, for the chain."""
        dead = sa.select(ItemRow.id).where(ItemRow.deleted_in.is_not(None))
        self._connection.execute(sa.delete(ThumbnailRow).where(ThumbnailRow.item.in_(dead)))
        self._connection.execute(sa.update(ItemRow).where(ItemRow.deleted_in.is_not(None)).values(vector=b""))

    def rows(self, ids: Sequence[int]) -> list[Row | None]:
        """Return the live rows with these ids, in the order asked; None where there is none."""
        found: dict[int, Row] = {}
        for some in _chunks([id for id in ids if abs(id) < 2**63]):
            for row in self._connection.execute(_ROW_BY_ID, {"asked": some}):
                found[row.id] = Row(*row)
        return [found.get(id) for id in ids]

    def rows_by_key(self, keys: Sequence[str]) -> list[Row | None]:
        """Return the live rows with these keys, in the order asked; None where there is none."""
        found: dict[str, Row] = {}
        for some in _chunks([key for key in keys if is_text(key)]):
            for row in self._connection.execute(_ROW_BY_KEY, {"asked": some}):
                found[row.key] = Row(*row)
        return [found.get(key) for key in keys]

    def contents(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the content digest of each of these keys that is stored."""
        found: dict[str, bytes] = {}
        for some in _chunks(keys):
            found |= {row.key: row.content for row in self._connection.execute(_CONTENT_BY_KEY, {"asked": some})}
        return found

    def page(self, after_id: int, size: int) -> list[Row]:
        """Return the next live rows after an id, in id order."""
        chosen = _ROW.where(_LIVE, ItemRow.id > after_id).order_by(ItemRow.id).limit(size)
        return [Row(*row) for row in self._connection.execute(chosen)]

    def walk(self, after_batch: int = 0) -> Iterator[Row]:
        """Walk the live rows of later batches in id order, a page at a time."""
        return (Row(*row) for row in self._pages(_ROW.where(_LIVE, ItemRow.batch > after_batch)))

    def walk_history(self) -> Iterator[tuple[Row, int | None]]:
        """Walk every row that was ever written, in id order, with the batch that deleted it."""
        return ((Row(*row[:-1]), row.deleted_in) for row in self._pages(_ROW.add_columns(ItemRow.deleted_in)))

    def _pages(self, chosen: Any) -> Iterator[Any]:
        """Walk what a selection of rows finds, holding a page of it at a time."""
        last = -1
        while page := self._connection.execute(chosen.where(ItemRow.id > last).order_by(ItemRow.id).limit(PAGE)).all():
            yield from page
            last = page[-1].id

    def live_ids_at(self, batch: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the ids that lived after a batch, ascending (n,) int64, and which of them live still, (n,) bool."""
        chosen = (
            sa.select(ItemRow.id, ItemRow.deleted_in)
            .where(ItemRow.batch <= batch, sa.or_(_LIVE, ItemRow.deleted_in > batch))
            .order_by(ItemRow.id)
        )
        found = self._connection.execute(chosen).all()
        ids = np.fromiter((row[0] for row in found), np.int64, len(found))
        return ids, np.fromiter((row[1] is None for row in found), np.bool_, len(found))

    def thumbnails(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the PNG thumbnails of these items, of those that have one."""
        found: dict[int, bytes] = {}
        for some in _chunks(ids):
            chosen = sa.select(ThumbnailRow.item, ThumbnailRow.png).where(ThumbnailRow.item.in_(some))
            found |= {row.item: row.png for row in self._connection.execute(chosen)}
        return found

    def label_counts(self) -> dict[str | None, int]:
        """Return how many live items each label has, by label, those without one last."""
        counts = sa.select(ItemRow.label, sa.func.count().label("items")).where(_LIVE).group_by(ItemRow.label)
        ordered = counts.order_by(ItemRow.label.is_(None), ItemRow.label)
        return {row.label: row.items for row in self._connection.execute(ordered)}


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
