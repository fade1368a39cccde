"""The items' thumbnails, many to a page, so that a browser decodes a few hundred at once.

Items that are near each other on the map are on the same page, so that a part of the map needs few pages: they are in
the order of the Z-order curve through their places (Morton, "A computer oriented geodetic data base", 1966).
"""

import io
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ingest.prefetch import lookahead
from search.map_places.saved_places import Coordinates
from search.thumbnail_image import thumbnail_image
from storage import Store

Pixels = NDArray[np.uint8]

#: The number of an item without a picture.
NONE = 2**32 - 1

#: The longest side of a page in pixels.
_PAGE = 1024

#: The longest side of a picture, and of many pictures.
_SIDE = 96
_SIDE_OF_MANY = 64
_MANY = 10_000

#: Pictures up to this side are kept to the bit: they are small anyway, and every pixel of a digit shows.
_LOSSLESS_SIDE = 32
_QUALITY = 78

#: Thumbnails read together, and pages that may wait to be encoded, of 3 MB each.
_BATCH = 1024
_AHEAD = 4

_ENCODERS = min(4, os.cpu_count() or 1)

#: Pictures are strokes on black if this share of them has corners of 2 x 2 pixels that are darker than this, in grey.
_INK_SHARE = 0.95
_INK_LEVEL = 12


@dataclass(frozen=True, eq=False)
class PicturePages:
    """Pages of pictures as WebP, and where each item's picture is.

    A page is `side` pixels wide and high and has cells of `cell` pixels; `slots`, (n,) uint32, counts them through all
    pages, NONE for an item without a picture; `sizes`, (n, 2) uint8, are widths and heights in pixels. `ink` says that
    all pictures are bright strokes on black.
    """

    pages: tuple[bytes, ...]
    side: int
    cell: int
    slots: NDArray[np.uint32]
    sizes: NDArray[np.uint8]
    ink: bool


def picture_pages(store: Store, ids: NDArray[np.int64], coordinates: Coordinates) -> PicturePages:
    """Return the pages of items' thumbnails."""
    limit = _SIDE if len(ids) <= _MANY else _SIDE_OF_MANY
    order = np.argsort(z_order(coordinates), kind="stable")
    cell = _cell(max((max(size) for size in _sizes(store, ids)), default=0), limit)
    packing = _Packing(cell, len(ids))
    # Encoding lets other threads work: one reads and decodes while others encode.
    with ThreadPoolExecutor(_ENCODERS) as pool:
        started = (pool.submit(_encoded, page, cell) for page in packing.pages(_pictures(store, ids, order, cell)))
        pages = tuple(page.result() for page in lookahead(started, _AHEAD))
    return PicturePages(pages, packing.side, cell, packing.slots, packing.sizes, packing.is_ink)


class _Packing:
    """Puts pictures into cells of pages, and remembers where they are."""

    def __init__(self, cell: int, count: int) -> None:
        self._cell = cell
        self._columns = _PAGE // cell
        self.side = self._columns * cell
        self.slots, self.sizes = np.full(count, NONE, np.uint32), np.zeros((count, 2), np.uint8)
        self._used = self._inked = 0

    @property
    def is_ink(self) -> bool:
        """Return whether all pictures so far are bright strokes on black."""
        return bool(self._used and self._inked >= _INK_SHARE * self._used)

    def pages(self, pictures: Iterable[tuple[int, Pixels]]) -> Iterator[Pixels]:
        """Yield pages of pictures, which come with their items' positions."""
        cell, columns = self._cell, self._columns
        page = None
        for position, pixels in pictures:
            slot = self._used % columns**2
            if page is None or not slot:
                if page is not None:
                    yield page
                page = np.zeros((self.side, self.side, 3), np.uint8)
            row, column = divmod(slot, columns)
            height, width = pixels.shape[:2]
            page[row * cell : row * cell + height, column * cell : column * cell + width] = pixels
            self.slots[position], self.sizes[position] = self._used, (width, height)
            self._used, self._inked = self._used + 1, self._inked + _is_ink(pixels)
        if page is not None:
            yield page


def z_order(coordinates: Coordinates) -> NDArray[np.uint32]:
    """Return the positions of coordinates, (n, 2) uint16, on the Z-order curve: their bits in turn."""
    spread = coordinates.astype(np.uint32)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        spread = (spread | spread << np.uint32(shift)) & np.uint32(mask)
    return spread[:, 0] | spread[:, 1] << np.uint32(1)


def _sizes(store: Store, ids: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield the widths and heights of thumbnails as their PNG headers have them, in bytes 16 to 23."""
    for start in range(0, len(ids), _BATCH):
        for png in store.thumbnails(ids[start : start + _BATCH].tolist()).values():
            yield int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def _cell(longest: int, limit: int) -> int:
    """Return the side of a cell: even, and for larger ones a multiple of 8, so that it can be halved."""
    side = max(2, min(longest, limit))
    step = 2 if side <= 40 else 8
    return -(-side // step) * step


def _pictures(
    store: Store, ids: NDArray[np.int64], order: NDArray[np.int64], cell: int
) -> Iterator[tuple[int, Pixels]]:
    """Yield the positions and pictures of the items that have one, none larger than a cell."""
    for start in range(0, len(order), _BATCH):
        positions = order[start : start + _BATCH].tolist()
        thumbnails = store.thumbnails(ids[positions].tolist())
        for position in positions:
            png = thumbnails.get(int(ids[position]))
            pixels = thumbnail_image(png) if png is not None else None
            if pixels is not None:
                yield position, _within(pixels, cell)


def _within(pixels: Pixels, cell: int) -> Pixels:
    """Return a picture in RGB, made smaller if it is larger than a cell."""
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, np.newaxis], 3, axis=2)
    height, width = pixels.shape[:2]
    longer = max(height, width)
    if longer <= cell:
        return pixels
    size = max(1, round(width * cell / longer)), max(1, round(height * cell / longer))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _is_ink(pixels: Pixels) -> bool:
    """Return whether a picture is small, in grey, and dark in its corners."""
    if max(pixels.shape[:2]) > _LOSSLESS_SIDE or (pixels != pixels[:, :, :1]).any():
        return False
    grey = pixels[:, :, 0]
    corners = grey[np.ix_([0, 1, -2, -1], [0, 1, -2, -1])] if min(grey.shape) > 3 else grey
    return float(corners.mean()) < _INK_LEVEL


def _encoded(page: Pixels, cell: int) -> bytes:
    data = io.BytesIO()
    lossless = cell <= _LOSSLESS_SIDE
    # WebP's effort: 2 of 6 is half a second faster a page, and a few in a hundred larger.
    Image.fromarray(page).save(data, "WEBP", lossless=lossless, quality=20 if lossless else _QUALITY, method=2)
    return data.getvalue()
