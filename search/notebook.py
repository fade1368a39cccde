"""Show a query result in a notebook as a strip of images: HTML without scripts and external files."""

import base64
from collections.abc import Mapping, Sequence
from html import escape

from ingest.images.images import Image, thumbnail
from search.store_thumbnails import Thumbnails
from storage import Hit, Item, LookalikeError
from storage.console import printable

#: Pixels of an image's side.
_SIDE = 96

#: Hits in the strip; the table has all.
_MAX_HITS = 50

#: Strips of groups or issues; the table has as many.
MAX_STRIPS = 20

# Text has the notebook's own colour and borders are translucent, so that the strip suits light and dark themes.
_STYLE = f"""
<style>
.lookalike{{display:flex;flex-wrap:wrap;gap:10px;padding:8px 0;font:12px/1.35 system-ui,sans-serif;color:inherit}}
.lookalike figure{{width:{_SIDE}px;margin:0;text-align:center}}
.lookalike .picture{{box-sizing:border-box;width:{_SIDE}px;height:{_SIDE}px;display:flex;align-items:center;
justify-content:center;border:2px solid rgba(128,128,128,.45);border-radius:6px;overflow:hidden}}
.lookalike .query .picture{{border-color:currentColor}}
.lookalike .right .picture{{border-color:#2da44e}}
.lookalike .wrong .picture{{border-color:#e5534b}}
.lookalike img{{width:100%;height:100%;object-fit:contain;image-rendering:auto}}
.lookalike img.small{{image-rendering:pixelated}}
.lookalike figcaption{{margin-top:4px}}
.lookalike figcaption div{{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}}
.lookalike .faint{{opacity:.65}}
</style>
"""


def html_title(text: str) -> str:
    """Return a line above strips as HTML."""
    return f'<div style="font:13px/1.35 system-ui,sans-serif">{_escaped(text)}</div>'


def html_strips(title: str, strips: Sequence[str], count: int) -> str:
    """Return strips, those of a page, under a title; `count` is how many there are in all."""
    more = [html_title(f"and {count - len(strips):,} more")] if count > len(strips) else []
    return "\n".join([html_title(title), *strips, *more])


def html_strip(
    query: str,
    hits: Sequence[Hit],
    item: Item | None,
    image: Image | None,
    thumbnails: Thumbnails,
    *,
    label: str | None = None,
) -> str:
    """Return a query and its hits as HTML; a hit's border is green when its label is the query's, red otherwise.

    `item` is the query's stored item and `image` its pixels, if it has them. With `label` hits are compared with that.
    """
    shown = hits[:_MAX_HITS]
    pngs, reason = _pngs(thumbnails, [hit.id for hit in shown] + ([item.id] if item else []))
    own_label = item.label if item else None
    label = own_label if label is None else label
    query_image = thumbnail(image) if image is not None else None
    if item:
        query_image = pngs.get(item.id)
    second_line = f"label {_escaped(own_label)}" if own_label is not None else "query"
    cells = [_cell("query", query_image, _escaped(query), second_line, query)]
    for hit in shown:
        both_labelled = label is not None and hit.label is not None
        css_class = ("right" if hit.label == label else "wrong") if both_labelled else ""
        name = _escaped(hit.label) if hit.label is not None else f"id {hit.id}"
        tooltip = f"{hit.key} (id {hit.id})"
        cells.append(_cell(css_class, pngs.get(hit.id), name, f"{hit.distance:.4f}", tooltip))
    if len(hits) > _MAX_HITS:
        cells.append(f'<figure><div class="picture faint">and {len(hits) - _MAX_HITS:,} more</div></figure>')
    strip = f'{_STYLE.strip()}\n<div class="lookalike">{"".join(cells)}</div>'
    return strip if reason is None else strip + html_title(f"no pictures: {reason}")


def _pngs(thumbnails: Thumbnails, ids: Sequence[int]) -> tuple[Mapping[int, bytes], str | None]:
    """Return the thumbnails of items by their ids, or none and the reason: the store may be closed or gone by now."""
    try:
        return thumbnails(ids), None
    except LookalikeError as error:
        return {}, str(error)


def _cell(css_class: str, png: bytes | None, first_line: str, second_line: str, tooltip: str) -> str:
    return (
        f'<figure class="{css_class}" title="{_escaped(tooltip)}"><div class="picture">{_image(png)}</div>'
        f'<figcaption><div>{first_line}</div><div class="faint">{second_line}</div></figcaption></figure>'
    )


def _image(png: bytes | None) -> str:
    if png is None:
        return '<span class="faint">no picture</span>'
    # A PNG has its width and height in bytes 16 to 23; small images are enlarged without smoothing.
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    css_class = "small" if max(width, height) <= 64 else ""
    data = base64.b64encode(png).decode("ascii")
    return f'<img class="{css_class}" alt="" src="data:image/png;base64,{data}">'


def _escaped(text: str) -> str:
    """Return a text for HTML: without markup, and with characters escaped that cannot be printed."""
    return escape(printable(text))
