"""The result of a query, or of a batch of queries."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from rich.table import Column, Table
from rich.text import Text

from search.explorer_page import FILE, ExplorerPage, explore_result
from search.store_thumbnails import Thumbnails, no_thumbnails
from storage import Hit, Item
from storage.console import PrintableConsole, printable, right_aligned

if TYPE_CHECKING:
    import pyarrow as pa

    from ingest.images.images import Image
    from storage import BatchHits

#: The width of a table as plain text, in characters: enough for keys of 100 characters.
_WIDTH = 160


@dataclass(frozen=True)
class QueryResult:
    """A query's name and its hits, nearest first; printed as a table, and in a notebook shown as a strip of images.

    `item` is the stored item of a query by id or key; `image` has the pixels of a query by image.
    """

    query: str
    hits: tuple[Hit, ...]
    item: Item | None = None
    image: "Image | None" = field(default=None, repr=False, compare=False)
    thumbnails: Thumbnails = field(default=no_thumbnails, repr=False, compare=False)

    def table(self) -> Table:
        """Return the hits as a table to print."""
        label = f", label {printable(self.item.label)}" if self.item and self.item.label is not None else ""
        # Text, not str: rich would read a key or label as markup.
        title = Text(f"Nearest to {printable(self.query)}{label}")
        columns = [*right_aligned("rank"), Column("label"), *right_aligned("distance", "id"), Column("key")]
        table = Table(*columns, title=title, title_justify="left")
        for hit in self.hits:
            label = printable(hit.label) if hit.label is not None else "-"
            cells = (str(hit.rank), label, f"{hit.distance:.4f}", str(hit.id), printable(hit.key))
            table.add_row(*(Text(cell) for cell in cells))
        return table

    def __str__(self) -> str:
        return plain_text([self.table()])

    def _repr_html_(self) -> str:
        # Imported here: most results are never shown in a notebook.
        from search.notebook import html_strip

        return html_strip(self.query, self.hits, self.item, self.image, self.thumbnails)

    def explore(self, out: str | Path = FILE, *, force: bool = False) -> ExplorerPage:
        """Write a page of the store that opens on the hits, as `search.explore` does; raise StoreClosed."""
        return explore_result(self, self.thumbnails, out, force=force)

    def as_json(self) -> dict[str, Any]:
        """Return the query and its hits as JSON."""
        query = {"asked": self.query} | (identity(self.item) if self.item is not None else {})
        return {"query": query, "hits": [_hit_as_json(hit) for hit in self.hits]}


def _hit_as_json(hit: Hit) -> dict[str, Any]:
    # asdict copies each value deeply, which took as long as a third of a query.
    return {
        "rank": hit.rank,
        "id": hit.id,
        "key": hit.key,
        "label": hit.label,
        "distance": hit.distance,
        "metadata": dict(hit.metadata),
    }


@dataclass(frozen=True, eq=False, repr=False)
class QueryResults(Sequence[QueryResult]):
    """The results of a batch of queries, in the order of the queries; each is made when it is looked at.

    `hits` has all ids and distances as arrays. `names` are the queries', `items` or `images` what was searched with.
    """

    hits: "BatchHits"
    names: Sequence[str]
    items: Sequence[Item] | None = None
    images: "Sequence[Image] | None" = None
    thumbnails: Thumbnails = no_thumbnails

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, index: int) -> QueryResult: ...
    @overload
    def __getitem__(self, index: slice) -> "QueryResults": ...
    def __getitem__(self, index: int | slice) -> "QueryResult | QueryResults":
        if isinstance(index, slice):
            items = None if self.items is None else self.items[index]
            images = None if self.images is None else self.images[index]
            return QueryResults(self.hits[index], self.names[index], items, images, self.thumbnails)
        item = None if self.items is None else self.items[index]
        image = None if self.images is None else self.images[index]
        return QueryResult(self.names[index], tuple(self.hits[index]), item, image, self.thumbnails)

    @property
    def results(self) -> tuple[QueryResult, ...]:
        """Return all results."""
        return tuple(self)

    def to_arrow(self) -> "pa.Table":
        """Return the hits as an Arrow table, one row a hit, with the index of its query; metadata is JSON text."""
        # Imported here: pyarrow takes a moment to load.
        from search.arrow import arrow_table

        return arrow_table(self.names, self.hits)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    #: As a list.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"QueryResults(results={self.results!r})"

    def __str__(self) -> str:
        return plain_text([result.table() for result in self])

    def _repr_html_(self) -> str:
        return "\n".join(result._repr_html_() for result in self)


def query_name(item: Item) -> str:
    """Return the name of a query by a stored item."""
    return f"item {item.id} ({item.key})"


def identity(item: Item | Hit) -> dict[str, Any]:
    """Return the id, key and label of an item or a hit as JSON."""
    return {"id": item.id, "key": item.key, "label": item.label}


def plain_text(tables: Sequence[Table]) -> str:
    """Return tables as plain text."""
    text = io.StringIO()
    console = PrintableConsole(file=text, width=_WIDTH, color_system=None, force_terminal=False, legacy_windows=False)
    for table in tables:
        console.print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())
