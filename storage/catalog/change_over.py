"""Change a catalog over to vectors of another embedding: all items at once, in one transaction.

A row never changes, so every item gets a new row, and with it a new id; keys, labels, metadata, sources and order stay.
The old rows become tombstones without vectors, since vectors of two embeddings, or of two dimensions, must never meet.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from storage.catalog.catalog import Catalog
from storage.catalog.row import Row, renewed_row
from storage.errors import StoreBusy

#: Rows that are read and written at once.
_PAGE = 4096


@dataclass(frozen=True, slots=True)
class ChangeOver:
    """How many items have new vectors, and how many were left out."""

    renewed: int
    dropped: int


def change_over(catalog: Catalog, staged: Catalog, dropped: Mapping[str, bytes]) -> ChangeOver:
    """Replace every item's row by one with the vector that the catalog `staged` has for its key and content.

    The embedding becomes that of `staged`. This takes a batch, and an empty one that records it in the history. Items
    of the keys and contents `dropped` are deleted. Raise StoreBusy, with nothing changed, when another item has no
    staged vector, and StoreCorrupt when rows are damaged or missing.
    """
    embedding, last = staged.embedding(), catalog.history.last_batch()
    number = last.number + 1
    # The record is complete only when all rows are written, but they refer to it.
    catalog.history.write_batch(replace(last, number=number))
    added: list[tuple[int, bytes]] = []
    deleted: list[int] = []
    for page in _pages(catalog, last.next_id):
        kept = [row for row in page if dropped.get(row.key.decode()) != row.content]
        sources = _staged_rows(staged, kept)
        first = last.next_id + len(added)
        rows = [
            renewed_row(row, first + offset, number, source.vector_bytes(embedding.dim))
            for offset, (row, source) in enumerate(zip(kept, sources, strict=True))
        ]
        thumbnails = staged.thumbnails.by_item([source.id for source in sources])
        new_ids = {source.id: row.id for source, row in zip(sources, rows, strict=True)}
        # First, since the key of a live item is unique.
        catalog.items.delete([row.id for row in page], number)
        catalog.items.write(rows)
        catalog.thumbnails.write({new_ids[id]: png for id, png in thumbnails.items()})
        origins = catalog.sources.by_item([row.id for row in kept])
        catalog.sources.write(
            {row.id: origins[old.id] for row, old in zip(rows, kept, strict=True) if old.id in origins}
        )
        added += [(row.id, row.checksum) for row in rows]
        deleted += [row.id for row in page]
    last.require_live(len(deleted))
    catalog.history.rewrite_batch(last.next(added, deleted))
    catalog.empty_tombstones()
    # Every index file holds the old vectors.
    catalog.history.remove_generations(before=catalog.history.next_generation())
    catalog.begin_embedding(embedding)
    return ChangeOver(len(added), len(deleted) - len(added))


def _pages(catalog: Catalog, next_id: int) -> Iterator[list[Row]]:
    """Yield the live rows below an id in id order, each checked, while they are replaced page by page."""
    after = -1
    while page := [row.verified() for row in catalog.items.page(after, _PAGE) if row.id < next_id]:
        yield page
        after = page[-1].id


def _staged_rows(staged: Catalog, rows: Sequence[Row]) -> list[Row]:
    """Return the checked row of each row's key that was made of the same content; raise StoreBusy if there is none."""
    sources = []
    for row, source in zip(rows, staged.items.by_key([row.key.decode() for row in rows]), strict=True):
        if source is None or source.content != row.content:
            raise StoreBusy(
                f"expected a new vector for every item, got none for {row.key.decode()!r}, which was written "
                "meanwhile: run `lookalike renew` again"
            )
        sources.append(source.verified())
    return sources
