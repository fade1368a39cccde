"""Write an explorer of a store: one HTML file with its items, pictures and neighbours."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np

from search.curation.duplicates import Duplicates
from search.curation.label_issues import LabelIssues, find_label_issues
from search.errors import PageUnusable
from search.explorer.blocks import Block
from search.explorer.collection import MAX_ITEMS, Collection, collect
from search.explorer.findings import Findings
from search.explorer.page import MARK, Facts, page_blocks, page_parts
from search.explorer.picture_pages import picture_pages
from search.explorer_page import FILE, NEIGHBOURS, ExplorerPage
from search.figures.palette import LABEL_COLOURS
from search.map_places.places import map_places
from search.map_places.tsne import SEED
from search.results import QueryResult
from search.searcher import Searcher
from storage import Store, Where
from storage.console import counted, display_name
from storage.errors import StoreUnwritable
from storage.files.output_file import OutputFile

#: Near-duplicates are first listed within this share of the median distance to the nearest neighbour: of 473 drawings
#: and photographs it has all copies and 1 % others, of 5,000 digits 0.1 %.
_NEAR_SHARE = 0.4

#: What a page can open on.
Result = QueryResult | Duplicates | LabelIssues


@dataclass(frozen=True)
class PageOptions:
    """What a page shows: items that fulfil a filter, at most `max_items`, with k neighbours each.

    `where_texts` say the filter, and the page opens on the list of `opens_on`, if it is given.
    """

    k: int = NEIGHBOURS
    where: Where | None = None
    where_texts: Sequence[str] = ()
    opens_on: Result | None = None
    max_items: int = MAX_ITEMS


_DEFAULTS = PageOptions()


def explore(
    searcher: Searcher,
    out: str | Path = FILE,
    *,
    k: int = NEIGHBOURS,
    where: Where | None = None,
    opens_on: Result | None = None,
    force: bool = False,
) -> ExplorerPage:
    """Write a page to look at a store, or at its items that fulfil a filter, with k neighbours each.

    It opens on a list of the hits, duplicates or label issues that `opens_on` has, if it is given. The file at `out` is
    replaced if it is such a page, or with `force`. In a notebook the result is the page itself, which must be in a
    folder that the notebook's server shows. Raise PageUnusable, OutputRefused or what a query raises.
    """
    output = page_output(Path(out), force=force)
    texts = [f"{field} {condition}" for field, condition in (where or {}).items()]
    return write_page(searcher, output, PageOptions(k, where, texts, opens_on))


def explore_store(
    store: Store, out: str | Path, *, k: int, where: Where | None, opens_on: Result | None, force: bool
) -> ExplorerPage:
    """Write a page as `explore` does, without a searcher of an open store."""
    return explore(Searcher(store), out, k=k, where=where, opens_on=opens_on, force=force)


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
    options: PageOptions = _DEFAULTS,
    on_stage: Callable[[str], None] = lambda _: None,
) -> ExplorerPage:
    """Write a page as `explore` does; `on_stage` is told what is done next."""
    output.require_replaceable(searcher.store)
    page = made_page(searcher, options, on_stage)
    try:
        output.write(lambda file: [file.write(part.encode()) for part in page.parts])
    except StoreUnwritable as error:
        reason = getattr(error.__cause__, "strerror", None) or str(error)
        raise PageUnusable(
            f"expected to write the page {output.path}, got '{reason}': name another path, or make room"
        ) from error
    return ExplorerPage(output.path, page.items, page.selected)


@dataclass(frozen=True, eq=False)
class MadePage:
    """The blocks of a page's data, to be read once; how many items it has, and of how many."""

    blocks: Iterator[Block]
    items: int
    selected: int

    @property
    def parts(self) -> Iterator[str]:
        """Return the page's text in parts."""
        return page_parts(self.blocks)


def made_page(
    searcher: Searcher, options: PageOptions = _DEFAULTS, on_stage: Callable[[str], None] = lambda _: None
) -> MadePage:
    """Return a page as `write_page` writes it."""
    store, opens_on = searcher.store, options.opens_on
    on_stage("finding neighbours")
    collection = collect(store, options.k, options.where, options.max_items)
    on_stage(f"placing {counted(len(collection.items), 'item')} on the map")
    places = map_places(store, collection.ids, collection.vectors)
    on_stage("looking for label issues")
    findings = Findings(
        opens_on if isinstance(opens_on, LabelIssues) else find_label_issues(searcher, neighbours=collection.voters),
        opens_on if isinstance(opens_on, Duplicates) else None,
        opens_on if isinstance(opens_on, QueryResult) else None,
        store.rejects(),
    )
    on_stage("packing pictures")
    pictures = picture_pages(store, collection.ids, places.coordinates)
    facts = Facts(
        # Not the whole path: a page is for others too.
        store=display_name(store.location.folder.resolve().name if store.location.folder else str(store.location)),
        recipe=store.embedding.name,
        fingerprint=store.embedding.fingerprint,
        date=datetime.now(UTC).date().isoformat(),
        version=metadata.version("lookalike"),
        where=tuple(options.where_texts),
        k=collection.distances.shape[1],
        layout=places.method,
        seed=SEED,
        palette=LABEL_COLOURS,
        radius=_first_radius(collection, findings.duplicates),
        listing=_listing(opens_on),
    )
    return MadePage(
        page_blocks(collection, places.coordinates, pictures, findings, facts),
        len(collection.items),
        collection.selected,
    )


def _listing(opens_on: Result | None) -> str:
    """Return the list that a page opens on, by its name in the page; none for the item and map."""
    match opens_on:
        case Duplicates():
            return "duplicates"
        case LabelIssues():
            return "suspects"
        case QueryResult():
            return "hits"
    return ""


def _first_radius(collection: Collection, duplicates: Duplicates | None) -> float:
    """Return the distance within which near-duplicates are listed at first."""
    if duplicates is not None and duplicates.radius is not None:
        return duplicates.radius
    nearest = collection.distances[:, 0] if collection.distances.shape[1] else np.zeros(1)
    return _NEAR_SHARE * float(np.median(nearest))
