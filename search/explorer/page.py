"""A collection as one HTML page, which needs no other file and no network; and the same page to be served."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.explorer.blocks import Block, array_block, html_of, json_block
from search.explorer.collection import Collection
from search.explorer.findings import Findings
from search.explorer.picture_pages import NONE, PicturePages
from search.explorer.script import page_file, script
from search.map_places.saved_places import Coordinates

#: By this line a page is known as Lookalike's.
MARK = '<meta name="generator" content="Lookalike explorer">'


@dataclass(frozen=True)
class Facts:
    """What a page says of itself; the names are those that its script reads."""

    store: str
    recipe: str
    fingerprint: str
    date: str
    version: str
    where: tuple[str, ...]
    k: int
    layout: str
    seed: int
    palette: tuple[str, ...]
    radius: float
    listing: str


@dataclass(frozen=True)
class LivePage:
    """A page without data, which it gets from the server that it came from; and the security policy that it needs."""

    html: str
    policy: str


def page_parts(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield the text of a page with these blocks in parts."""
    style, module = page_file("page.css"), script()
    policy = f"{_policy(style, module)}; img-src data:"
    before, after = _html(policy, style, module, "\0").split("\0")
    yield before
    yield from map(html_of, blocks)
    yield after


def live_page(*, needs_key: bool) -> LivePage:
    """Return the page of a service; with `needs_key` it asks for an API key first."""
    style, module = page_file("page.css") + page_file("live.css"), script("live")
    policy = f"{_policy(style, module)}; img-src data: blob:; connect-src 'self'"
    data = f'<div id="live" data-key="{"needed" if needs_key else "none"}" hidden></div>'
    return LivePage(_html(policy, style, module, data), policy)


def page_blocks(
    collection: Collection, coordinates: Coordinates, pictures: PicturePages, findings: Findings, facts: Facts
) -> Iterator[Block]:
    """Yield the blocks of a page's data."""
    yield json_block("facts", _facts_json(collection, pictures, findings, facts))
    yield array_block("points", coordinates)
    label_names, labels = _codes([item.label for item in collection.items])
    yield array_block("labels", labels)
    yield array_block("ids", collection.ids.astype(np.float64))
    positions, others = _positions(collection)
    yield array_block("neighbours", positions)
    yield array_block("distances", collection.distances.astype(np.float32))
    yield array_block("slots", pictures.slots)
    yield array_block("sizes", pictures.sizes)
    outside = [collection.outside[id] for id in others]
    yield json_block(
        "items",
        {
            "keys": [item.key for item in collection.items],
            "labelNames": label_names,
            "metadata": _columns([item.metadata for item in collection.items]),
            "outside": {
                "ids": others,
                "keys": [item.key for item in outside],
                "labels": [item.label for item in outside],
            },
        },
    )
    yield json_block("findings", findings.as_json(collection.ids))
    for number, page in enumerate(pictures.pages):
        yield f"page-{number}", page


def _facts_json(collection: Collection, pictures: PicturePages, findings: Findings, facts: Facts) -> dict[str, Any]:
    return asdict(facts) | {
        "total": collection.total,
        "selected": collection.selected,
        "pageSide": pictures.side,
        "cell": pictures.cell,
        "pages": len(pictures.pages),
        "ink": pictures.ink,
        "suspectsNote": findings.suspects_note,
    }


def _html(policy: str, style: str, module: str, data: str) -> str:
    return Template(page_file("page.html")).substitute(policy=policy, style=style, script=module, data=data)


def _policy(style: str, module: str) -> str:
    """Return what the page's policy says of everything but pictures and connections."""
    return (
        f"default-src 'none'; script-src '{_source_hash(module)}'; style-src '{_source_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _source_hash(text: str) -> str:
    """Return how a content security policy names an inline script or style.

    https://www.w3.org/TR/CSP3/#grammardef-hash-source
    """
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def _codes(values: Sequence[str | None]) -> tuple[list[str], NDArray[np.uint32]]:
    """Return the different texts in order, and each value's index among them, NONE for None."""
    names = sorted({value for value in values if value is not None}, key=_natural)
    code_of = {name: code for code, name in enumerate(names)}
    return names, np.array([NONE if value is None else code_of[value] for value in values], np.uint32)


def _natural(name: str) -> tuple[int, int, str]:
    """Return by what names are ordered: whole numbers by value, before other texts."""
    is_number = name.isascii() and name.isdigit() and len(name) < 16
    return (0, int(name), name) if is_number else (1, 0, name)


def _positions(collection: Collection) -> tuple[NDArray[np.uint32], list[int]]:
    """Return the neighbours as indices of items, and of what follows them, which are not on the page; their ids."""
    ids, others = collection.ids, sorted(collection.outside)
    everything = np.concatenate([ids, np.array(others, np.int64)])
    order = np.argsort(everything)
    found = order[np.searchsorted(everything, collection.neighbours, sorter=order)]
    return found.astype(np.uint32), others


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return a list of values for each field, null for an item without it or with a number that no script has."""
    fields = sorted({field for row in rows for field in row})
    return {field: [_scripted(row.get(field)) for row in rows] for field in fields}


def _scripted(value: Any) -> Any:
    """Return a value as a script has it: whole numbers beyond 2**53 as texts, which lose no digit."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)
    return value
