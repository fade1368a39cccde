"""A result as a strip of pictures for a notebook: one piece of HTML, without scripts and without anything to load."""

import base64
from html import escape

from ingest.images.images import thumbnail
from search.results import QueryResult
from storage import Hit, LookalikeError
from storage.console import printable

#: Pixels of a picture's side.
_SIDE = 96

#: The most hits that are shown; the table has them all.
_MOST = 50

# Text takes the notebook's own colours, and lines shine through, so that the strip is at home on light and on dark.
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


def strip_of(result: QueryResult) -> str:
    """Return a query and its hits as HTML; a hit's frame is green when its label is the query's, red when it is not."""
    hits = result.hits[:_MOST]
    pictures = _pictures(result, hits)
    label = result.item.label if result.item else None
    own = thumbnail(result.image) if result.image is not None else None
    if result.item:
        own = pictures.get(result.item.id)
    second = f"label {_shown(label)}" if label is not None else "query"
    cells = [_cell("query", own, _shown(result.asked), second, result.asked)]
    for hit in hits:
        known = label is not None and hit.label is not None
        frame = ("right" if hit.label == label else "wrong") if known else ""
        name = _shown(hit.label) if hit.label is not None else f"id {hit.id}"
        cells.append(_cell(frame, pictures.get(hit.id), name, f"{hit.distance:.4f}", f"{hit.key} (id {hit.id})"))
    if len(result.hits) > _MOST:
        cells.append(f'<figure><div class="picture faint">and {len(result.hits) - _MOST:,} more</div></figure>')
    return f'{_STYLE.strip()}\n<div class="lookalike">{"".join(cells)}</div>'


def _pictures(result: QueryResult, hits: tuple[Hit, ...]) -> dict[int, bytes]:
    wanted = [hit.id for hit in hits] + ([result.item.id] if result.item else [])
    try:
        return dict(result.thumbnails(wanted))
    except LookalikeError:
        # The store may be gone by the time that a result is shown; its answer still stands.
        return {}


def _cell(kind: str, png: bytes | None, first: str, second: str, whole: str) -> str:
    return (
        f'<figure class="{kind}" title="{_shown(whole)}"><div class="picture">{_image(png)}</div>'
        f'<figcaption><div>{first}</div><div class="faint">{second}</div></figcaption></figure>'
    )


def _image(png: bytes | None) -> str:
    if png is None:
        return '<span class="faint">no picture</span>'
    # A PNG tells its width and height in bytes 16 to 23; few pixels are shown as they are.
    kind = "small" if max(int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")) <= 64 else ""
    data = base64.b64encode(png).decode("ascii")
    return f'<img class="{kind}" alt="" src="data:image/png;base64,{data}">'


def _shown(text: str) -> str:
    """Return a text as HTML shows it: nothing in it is taken for a tag, and what cannot be printed is escaped."""
    return escape(printable(text))
