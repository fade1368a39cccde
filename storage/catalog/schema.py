"""The catalog's tables. Everything else in a store is derived from their rows."""

import re
from functools import cache
from typing import Any

from sqlalchemy import ForeignKey, Index, Sequence, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import CreateIndex, CreateTable

from storage.catalog.dialect import POSTGRESQL, Blob, Int64, Text

#: SQLite's application_id of a catalog ("LOOK" in ASCII), which distinguishes it from other databases.
APPLICATION_ID = 0x4C4F4F4B

#: The version of these tables, stored in SQLite's user_version. A table that was added later has the version in its
#: `info`, as `{"since": version}`, and a step in `upgrades` that creates it.
SCHEMA_VERSION = 4

#: The `info` of tables and indexes that only a catalog on a server has.
SERVER_ONLY: dict[Any, Any] = {"server only": True}

_SQLITE = sqlite.dialect()

#: A token of SQL; a plain name matches without its optional quotes.
_TOKEN = re.compile(r'"([a-z_]+)"|("[^"]*"|\w+|[^\s\w])')


class Base(DeclarativeBase):
    """Base of the catalog's tables."""

    type_annotation_map = {int: Int64}  # noqa: RUF012 -- SQLAlchemy requires a plain dict


class EmbeddingRow(Base):
    """How the store's vectors are made: one row, replaced with all vectors; the sha256 covers it and the arrays.

    The id is 1 plus the number of the batch with which the embedding begins.
    """

    __tablename__ = "embedding"

    id: Mapped[int] = mapped_column(primary_key=True)
    dim: Mapped[int]
    fingerprint: Mapped[str] = mapped_column(Text)
    spec: Mapped[str] = mapped_column(Text)
    sha256: Mapped[bytes] = mapped_column(Blob)


class ArrayRow(Base):
    """A fitted array of the embedding: float32, little-endian, C order; the shape is JSON."""

    __tablename__ = "arrays"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    shape: Mapped[str] = mapped_column(Text)
    data: Mapped[bytes] = mapped_column(Blob)


class BatchRow(Base):
    """One committed batch: the count of live rows after it, the next free id, and the chain hash up to it.

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
    """An item with its vector (float32, little-endian) and a checksum over all other columns but `deleted_in`.

    A deleted item keeps its row as a tombstone, so its id is never reused.
    """

    __tablename__ = "items"
    __table_args__ = (
        Index("items_live_key", "key", unique=True, sqlite_where=_NOT_DELETED, postgresql_where=_NOT_DELETED),
        # On a server, a vector engine often queries what was deleted since its last update.
        Index("items_deleted", "deleted_in", postgresql_where=_DELETED, info=SERVER_ONLY).ddl_if(POSTGRESQL),
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
    """A small PNG of an item, apart from its row so that reading rows stays cheap; the checksum covers both columns."""

    __tablename__ = "thumbnails"

    item: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True, autoincrement=False)
    png: Mapped[bytes] = mapped_column(Blob)
    checksum: Mapped[bytes] = mapped_column(Blob)


class QuarantineRow(Base):
    """A damaged item as it was when the store was repaired, for people to look at; no code reads it."""

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

    It holds the vectors of the `items` rows that were live after `batch`, in id order.
    """

    __tablename__ = "generations"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    batch: Mapped[int] = mapped_column(ForeignKey("batches.number"))
    chain: Mapped[bytes] = mapped_column(Blob)
    items: Mapped[int]
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(Blob)


class GenerationColumnsRow(Base):
    """The file of columns of a generation, complete and durable as its index file before both were recorded."""

    __tablename__ = "generation_columns"
    __table_args__ = ({"info": {"since": 4}},)

    generation: Mapped[int] = mapped_column(ForeignKey("generations.number"), primary_key=True, autoincrement=False)
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(Blob)


class JobRow(Base):
    """A job that filled the store and its progress; search does not use it."""

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


#: On a server several jobs may start at once; a file has one writer.
JOB_NUMBERS = Sequence("job_numbers", metadata=Base.metadata)


class RejectRow(Base):
    """An input that could not be stored, by its printable key, and the reason."""

    __tablename__ = "rejects"
    __table_args__ = ({"info": {"since": 2}},)

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    job: Mapped[int] = mapped_column(ForeignKey("jobs.number"))
    reason: Mapped[str] = mapped_column(Text)


class JobChangesRow(Base):
    """What a job changed without embedding anything."""

    __tablename__ = "job_changes"
    __table_args__ = ({"info": {"since": 3}},)

    job: Mapped[int] = mapped_column(ForeignKey("jobs.number"), primary_key=True, autoincrement=False)
    moved: Mapped[int]
    relabelled: Mapped[int]
    pruned: Mapped[int]


class SourceRow(Base):
    """A source of items by its name."""

    __tablename__ = "sources"
    __table_args__ = ({"info": {"since": 3}},)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)


class ItemSourceRow(Base):
    """The source of an item; the checksum covers the item's id and the source's name."""

    __tablename__ = "item_sources"
    __table_args__ = ({"info": {"since": 3}},)

    item: Mapped[int] = mapped_column(ForeignKey("items.id"), primary_key=True, autoincrement=False)
    source: Mapped[int] = mapped_column(ForeignKey("sources.number"))
    checksum: Mapped[bytes] = mapped_column(Blob)


class CommitRow(Base):
    """A key for each committed change: after a lost connection it shows whether COMMIT succeeded."""

    __tablename__ = "commits"
    __table_args__ = ({"info": SERVER_ONLY},)

    key: Mapped[str] = mapped_column(Text, primary_key=True)


def file_tables() -> list[Table]:
    """Return the tables of a catalog in a file; a server has more."""
    return [table for table in Base.metadata.tables.values() if table.info != SERVER_ONLY]


@cache
def definitions_of(version: int) -> dict[tuple[str, str], list[str]]:
    """Return the SQL tokens that define each table and index of a version of the catalog, by type and name."""
    tables = [table for table in file_tables() if table.info.get("since", 1) <= version]
    definitions: dict[tuple[str, str], list[str]] = {}
    for table in tables:
        definitions["table", table.name] = sql_tokens(str(CreateTable(table).compile(dialect=_SQLITE)))
        for index in table.indexes:
            if index.info != SERVER_ONLY:
                definitions["index", str(index.name)] = sql_tokens(str(CreateIndex(index).compile(dialect=_SQLITE)))
    return definitions


def sql_tokens(sql: str) -> list[str]:
    """Return the tokens of a statement, without whitespace and optional quotes, to compare statements by."""
    return [name or token for name, token in _TOKEN.findall(sql)]
