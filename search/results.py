"""What a query gives back."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from ingest.images import Image
from storage import Hit, Item
from storage.console import printable


@dataclass(frozen=True)
class QueryResult:
    """A query and its hits, nearest first.

    `item` is the stored item that was asked for, by id or key; `image` is the picture that was asked with.
    """

    asked: str
    hits: tuple[Hit, ...]
    item: Item | None = None
    image: Image | None = None

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

    def as_json(self) -> dict[str, Any]:
        """Return the query and its hits as JSON."""
        asked: dict[str, Any] = {"asked": self.asked}
        if self.item is not None:
            asked |= {"id": self.item.id, "key": self.item.key, "label": self.item.label}
        return {"query": asked, "hits": [asdict(hit) for hit in self.hits]}
