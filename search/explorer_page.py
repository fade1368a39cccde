"""A page of the explorer, and writing one from what lies below the explorer: a searcher, or a result."""

from dataclasses import dataclass
from html import escape
from importlib import import_module
from pathlib import Path
from urllib.parse import quote

from search.store_thumbnails import Thumbnails, store_of
from storage import Store, Where
from storage.console import counted

#: The file of a page unless another is named.
FILE = "explorer.html"

#: How many neighbours each item has on a page.
NEIGHBOURS = 10

#: Pixels of a page's height in a notebook.
_HEIGHT = 720


@dataclass(frozen=True)
class ExplorerPage:
    """A page that was written: its place, how many items it has, and of how many; a notebook shows it in a frame."""

    path: Path
    items: int
    selected: int

    def __str__(self) -> str:
        sample = "" if self.items == self.selected else f"{self.items:,} of "
        return f"Wrote {sample}{counted(self.selected, 'item')} to {self.path}"

    def _repr_html_(self) -> str:
        # By its path, never its content: a notebook would grow by all pictures.
        return (
            f'<iframe src="{escape(quote(str(self.path)))}" width="100%" height="{_HEIGHT}" style="border:0"></iframe>'
        )


def explore_store(
    store: Store, out: str | Path, *, k: int = NEIGHBOURS, where: Where | None = None, force: bool = False
) -> ExplorerPage:
    """Write a page of a store, as `search.explore` does."""
    return _write_page(store, out, None, k=k, where=where, force=force)


def explore_result(result: object, thumbnails: Thumbnails, out: str | Path, *, force: bool) -> ExplorerPage:
    """Write a page of a result's store that opens on the result; raise StoreClosed without an open store."""
    return _write_page(store_of(thumbnails), out, result, k=NEIGHBOURS, where=None, force=force)


def _write_page(
    store: Store, out: str | Path, opens_on: object, *, k: int, where: Where | None, force: bool
) -> ExplorerPage:
    # By name: the explorer is made of all that lies below it, searchers and results too.
    explorer = import_module("search.explorer.explore")
    page: ExplorerPage = explorer.explore_store(store, out, k=k, where=where, opens_on=opens_on, force=force)
    return page
