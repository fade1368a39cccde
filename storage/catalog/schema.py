"""The catalog's tables. Rows are the truth; everything else in a store is derived from them."""

import re
from functools import cache
from typing import Any

from sqlalchemy import ForeignKey, Index, Sequence, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import CreateIndex, CreateTable

from storage.catalog.dialect import POSTGRESQL, Blob, Int64, Text

#: SQLite's application_id of a catalog ("LOOK" in ASCII), which tells it from any other database.
APPLICATION_ID = 0x4C4F4F4B

#: The version of these tables, kept in SQLite's user_version. A table that came later says so in its `info`, as
#: `{"since": version}`, and `upgrades` has the step that makes it.
SCHEMA_VERSION = 2

#: The `info` of what only a catalog on a server has.
ON_A_SERVER: dict[Any, Any] = {"on": "a server"}

_SQLITE = sqlite.dialect()

#: A word or sign of SQL; the quotes around a plain name, which are a matter of taste, are left out.
_WORD = re.compile(r'"([a-z_]+)"|("[^"]*"|\w+|[^\s\w])')


class Base(DeclarativeBase):
    """The catalog's metadata."""

    type_annotation_map = {int: Int64}  # noqa: RUF012 -- SQLAlchemy reads it so


class EmbeddingRow(Base):
    """How the store's vectors are made: one row for ever; the sha256 is over it and the arrays."""

    __tablename__ = "embedding"

    id: Mapped[int] = mapped_column(primary_key=True)
    dim: Mapped[int]
    fingerprint: Mapped[str] = mapped_column(Text)
    spec: Mapped[str] = mapped_column(Text)
    sha256: Mapped[bytes] = mapped_column(Blob)


class ArrayRow(Base):
    """An array that was fitted for the embedding: float32, little-endian, C order."""

    __tablename__ = "arrays"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    shape: Mapped[str] = mapped_column(Text)
    data: Mapped[bytes] = mapped_column(Blob)


class BatchRow(Base):
    """One acknowledged batch: how many rows live after it, the next free id, and the chain hash up to it.

    Batch 0 is the empty store.
    """

    __tablename__ = "batches"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    live: Mapped[int]
    next_id: Mapped[int]
    chain: Mapped[bytes] = mapped_column(Blob)


_NOT_DELETED = mapped_column("deleted_in").is_(None)
_DELETED = mapped_column("deleted_in").is_not(None)


class ItemRow(Base):
    """An item with its vector (float32, little-endian) and a checksum over everything said here but `deleted_in`.

    A deleted item keeps its row as a tombstone, so its id is never given out again.
    """

    __tablename__ = "items"
    __table_args__ = (
        Index("items_live_key", "key", unique=True, sqlite_where=_NOT_DELETED, postgresql_where=_NOT_DELETED),
        # On a server a vector engine asks again and again what was deleted since it was filled.
        Index("items_deleted", "deleted_in", postgresql_where=_DELETED, info=ON_A_SERVER).ddl_if(POSTGRESQL),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    batch: Mapped[int] = mapped_column(ForeignKey("batches.number"))
    deleted_in: Mapped[int | None] = mapped_column(ForeignKey("batches.number"))
    key: Mapped[str] = mapped_column(Text)
    label: Mapped[str | None] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(Blob)
    details: Mapped[str] = mapped_column("metadata", Text)
    vector: Mapped[bytes] = mapped_column(Blob)
    checksum: Mapped[bytes] = mapped_column(Blob)


class ThumbnailRow(Base):
    """A small PNG of an item, apart from its row so that reading rows stays cheap; the checksum is over both."""

    __tablename__ = "thumbnails"

    item: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True, autoincrement=False)
    png: Mapped[bytes] = mapped_column(Blob)
    checksum: Mapped[bytes] = mapped_column(Blob)


class SetAsideRow(Base):
    """A damaged item as it was found when the store was repaired: what can still be read of it, kept for people."""

    __tablename__ = "set_aside"

    item: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(Text)
    label: Mapped[str | None] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(Blob)
    details: Mapped[str] = mapped_column("metadata", Text)
    vector: Mapped[bytes] = mapped_column(Blob)
    checksum: Mapped[bytes] = mapped_column(Blob)


class GenerationRow(Base):
    """An index file that was complete and durable before this row was committed.

    It holds the vectors of the `items` that lived after `batch`, in id order.
    """

    __tablename__ = "generations"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    batch: Mapped[int] = mapped_column(ForeignKey("batches.number"))
    chain: Mapped[bytes] = mapped_column(Blob)
    items: Mapped[int]
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(Blob)


class JobRow(Base):
    """A job that filled the store, as far as it was acknowledged; not a part of what the store answers from."""

    __tablename__ = "jobs"
    __table_args__ = ({"info": {"since": 2}},)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(Text)
    total: Mapped[int]
    added: Mapped[int]
    replaced: Mapped[int]
    unchanged: Mapped[int]
    rejected: Mapped[int]
    finished: Mapped[bool]


#: On a server several jobs may begin at once; in a file there is one.
JOB_NUMBERS = Sequence("job_numbers", metadata=Base.metadata)


class RejectRow(Base):
    """An input that could not be stored, by its key as it can be shown, and why."""

    __tablename__ = "rejects"
    __table_args__ = ({"info": {"since": 2}},)

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    job: Mapped[int] = mapped_column(ForeignKey("jobs.number"))
    reason: Mapped[str] = mapped_column(Text)


class CommitRow(Base):
    """A key for each change that was committed: whoever did not hear the answer to COMMIT looks for it here."""

    __tablename__ = "commits"
    __table_args__ = ({"info": ON_A_SERVER},)

    key: Mapped[str] = mapped_column(Text, primary_key=True)


def tables_of_file() -> list[Table]:
    """Return the tables of a catalog in a file; on a server there are a few more."""
    return [table for table in Base.metadata.tables.values() if table.info != ON_A_SERVER]


@cache
def definitions_of(version: int) -> dict[tuple[str, str], list[str]]:
    """Return the SQL of every table and index of a version of the catalog as words, by kind and name."""
    tables = [table for table in tables_of_file() if table.info.get("since", 1) <= version]
    made: dict[tuple[str, str], list[str]] = {}
    for table in tables:
        made["table", table.name] = words(str(CreateTable(table).compile(dialect=_SQLITE)))
        for index in table.indexes:
            if index.info == ON_A_SERVER:
                continue
            made["index", str(index.name)] = words(str(CreateIndex(index).compile(dialect=_SQLITE)))
    return made


def words(sql: str) -> list[str]:
    """Return the words and signs of a statement, without the spaces and quotes in which equal ones may differ."""
    return [name or word for name, word in _WORD.findall(sql)]
