"""Write an explorer of a store: one HTML file with its items, pictures and neighbours."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

import numpy as np

from search.curation.duplicates import Duplicates
from search.curation.label_issues import LabelIssues, find_label_issues
from search.errors import PageUnusable
from search.explorer.collection import MAX_ITEMS, collect
from search.explorer.findings import Findings
from search.explorer.layout import layout
from search.explorer.page import MARK, Facts, page_parts
from search.explorer.picture_pages import picture_pages
from search.figures.palette import LABEL_COLOURS
from search.figures.tsne import SEED
from search.searcher import Searcher
from storage import Where
from storage.console import display_name
from storage.errors import StoreUnwritable
from storage.files.output_file import OutputFile

DEFAULT_K = 10

#: The share of the items whose nearest neighbour is within the distance at which near-duplicates are first listed.
_NEAR_SHARE = 0.01


#: Pixels of a page's height in a notebook.
_HEIGHT = 720


@dataclass(frozen=True)
class Explorer:
    """A page that was written: its place, how many items it has, and of how many; a notebook shows it in a frame."""

    path: Path
    items: int
    selected: int

    def __str__(self) -> str:
        sample = "" if self.items == self.selected else f" of {self.selected:,}"
        return f"Wrote {self.items:,}{sample} items to {self.path}"

    def _repr_html_(self) -> str:
        # By its path, never its content: a notebook would grow by all pictures.
        return (
            f'<iframe src="{escape(quote(str(self.path)))}" width="100%" height="{_HEIGHT}" style="border:0"></iframe>'
        )


def explore(
    searcher: Searcher,
    out: str | Path = "explorer.html",
    *,
    k: int = DEFAULT_K,
    where: Where | None = None,
    duplicates: Duplicates | None = None,
    issues: LabelIssues | None = None,
    force: bool = False,
) -> Explorer:
    """Write a page to look at a store, or at its items that fulfil a filter, with k neighbours each.

    With `duplicates` or `issues` it opens on the list of these. The file at `out` is replaced if it is such a page, or
    with `force`. In a notebook the result is the page itself, which must be in a folder that the notebook's server
    shows. Raise PageUnusable, OutputRefused or what a query raises.
    """
    output = page_output(Path(out), force=force)
    texts = [f"{field} {condition}" for field, condition in (where or {}).items()]
    return write_page(searcher, output, k=k, where=where, where_texts=texts, duplicates=duplicates, issues=issues)


def page_output(path: Path, *, force: bool = False) -> OutputFile:
    """Return the file of a page; raise PageUnusable, before any work is done, when none can be written there."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise PageUnusable(f"expected a page's name to end in .html, got {path}")
    if not path.parent.is_dir():
        raise PageUnusable(f"expected a folder for the page {path.name}, found none at {path.parent}: make it first")
    if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise PageUnusable(f"expected to write the page {path}, got a place that cannot be written: name another path")
    return OutputFile(path, "page", is_page, force)


def is_page(path: Path) -> bool:
    """Return whether a file is a page that `explore` wrote."""
    try:
        with path.open("rb") as file:
            return MARK.encode() in file.read(4096)
    except OSError:
        return False


def write_page(
    searcher: Searcher,
    output: OutputFile,
    *,
    k: int = DEFAULT_K,
    where: Where | None = None,
    where_texts: Sequence[str] = (),
    duplicates: Duplicates | None = None,
    issues: LabelIssues | None = None,
    max_items: int = MAX_ITEMS,
    report: Callable[[str], None] = lambda _: None,
) -> Explorer:
    """Write a page as `explore` does; `where_texts` say the filter, and `report` is told what is done next."""
    output.require_replaceable(searcher.store)
    store = searcher.store
    report("finding neighbours")
    collection = collect(store, k, where, max_items)
    report(f"placing {len(collection.items):,} items")
    placed = layout(store, collection.ids, collection.vectors)
    report("looking for label issues")
    listing = "duplicates" if duplicates else "suspects" if issues else ""
    if issues is None:
        issues = find_label_issues(searcher, k, neighbours=collection.of_all)
    report("packing pictures")
    pictures = picture_pages(store, collection.ids, placed.places)
    nearest = collection.distances[:, 0] if collection.distances.shape[1] else np.zeros(1)
    radius = None if duplicates is None else duplicates.radius
    if radius is None:
        radius = float(np.quantile(nearest, _NEAR_SHARE))
    facts = Facts(
        # Not the whole path: a page is for others too.
        store=display_name(store.location.folder.resolve().name if store.location.folder else str(store.location)),
        recipe=store.embedding.name,
        fingerprint=store.embedding.fingerprint,
        date=datetime.now(UTC).date().isoformat(),
        version=metadata.version("lookalike"),
        where=tuple(where_texts),
        k=collection.distances.shape[1],
        layout=placed.method,
        seed=SEED,
        palette=LABEL_COLOURS,
        radius=radius,
        listing=listing,
    )
    findings = Findings(issues, duplicates, store.rejects())
    parts = page_parts(collection, placed.places, pictures, findings, facts)
    try:
        output.write(lambda file: [file.write(part.encode()) for part in parts])
    except StoreUnwritable as error:
        reason = getattr(error.__cause__, "strerror", None) or str(error)
        raise PageUnusable(
            f"expected to write the page {output.path}, got '{reason}': name another path, or make room"
        ) from error
    return Explorer(output.path, len(collection.items), collection.selected)
