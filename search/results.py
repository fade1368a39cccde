"""What a query gives back."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, overload

from rich.console import Console
from rich.table import Table
from rich.text import Text

from storage import Hit, Item
from storage.console import printable

if TYPE_CHECKING:
    import pyarrow as pa

    from ingest.images.images import Image

#: Gives the PNG thumbnails of items by their ids.
Thumbnails = Callable[[Sequence[int]], Mapping[int, bytes]]

#: The width of a table that is made into a text: enough for keys of a hundred letters.
_WIDTH = 160


def no_thumbnails(ids: Sequence[int]) -> Mapping[int, bytes]:
    """Give no picture of any item."""
    return dict.fromkeys(ids[:0], b"")


@dataclass(frozen=True)
class QueryResult:
    """A query and its hits, nearest first; it prints as a table, and in a notebook shows as a strip of pictures.

    `item` is the stored item that was asked for, by id or key; `image` is the picture that was asked with.
    """

    asked: str
    hits: tuple[Hit, ...]
    item: Item | None = None
    image: "Image | None" = field(default=None, repr=False, compare=False)
    thumbnails: Thumbnails = field(default=no_thumbnails, repr=False, compare=False)

    def table(self) -> Table:
        """Return the hits as a table to print."""
        label = f", label {printable(self.item.label)}" if self.item and self.item.label is not None else ""
        # Text, not str: what stands in a key or label is never taken for colours or emoji.
        table = Table(title=Text(f"Nearest to {printable(self.asked)}{label}"), title_justify="left")
        table.add_column("rank", justify="right")
        table.add_column("label")
        table.add_column("distance", justify="right")
        table.add_column("id", justify="right")
        table.add_column("key")
        for hit in self.hits:
            shown = printable(hit.label) if hit.label is not None else "-"
            cells = (str(hit.rank), shown, f"{hit.distance:.4f}", str(hit.id), printable(hit.key))
            table.add_row(*(Text(cell) for cell in cells))
        return table

    def __str__(self) -> str:
        return text_of([self.table()])

    def _repr_html_(self) -> str:
        # Imported here: most results are never shown in a notebook.
        from search.notebook import strip_of

        return strip_of(self)

    def as_json(self) -> dict[str, Any]:
        """Return the query and its hits as JSON."""
        asked: dict[str, Any] = {"asked": self.asked}
        if self.item is not None:
            asked |= {"id": self.item.id, "key": self.item.key, "label": self.item.label}
        return {"query": asked, "hits": [asdict(hit) for hit in self.hits]}


@dataclass(frozen=True)
class QueryResults(Sequence[QueryResult]):
    """The results of a batch of queries, in the order asked."""

    results: tuple[QueryResult, ...]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[QueryResult]:
        return iter(self.results)

    @overload
    def __getitem__(self, place: int) -> QueryResult: ...
    @overload
    def __getitem__(self, place: slice) -> "QueryResults": ...
    def __getitem__(self, place: int | slice) -> "QueryResult | QueryResults":
        return QueryResults(self.results[place]) if isinstance(place, slice) else self.results[place]

    def to_arrow(self) -> "pa.Table":
        """Return the hits as an Arrow table, a row a hit, with the place of its query; metadata is JSON text."""
        # Imported here: pyarrow takes a moment to load.
        from search.arrow import table_of

        return table_of(self.results)

    def __str__(self) -> str:
        return text_of([result.table() for result in self.results])

    def _repr_html_(self) -> str:
        from search.notebook import strip_of

        return "\n".join(map(strip_of, self.results))


def text_of(tables: Sequence[Table]) -> str:
    """Return tables as plain text."""
    text = io.StringIO()
    console = Console(file=text, width=_WIDTH, color_system=None, force_terminal=False, legacy_windows=False)
    for table in tables:
        console.print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())
