"""The original file of an item, only while it is still the file that was embedded."""

from dataclasses import dataclass

from ingest.errors import UnreadableImage
from ingest.images.images import content_digest
from ingest.images.kinds import SIGNATURE_BYTES, image_format
from ingest.sources.source_file import folder_of
from search.service.bounds import MAX_ORIGINAL_BYTES
from search.service.problems import Problem
from storage import Store

#: The media types of the formats that are decoded; nothing else is a picture here, SVG least of all: it is a program.
_MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WebP": "image/webp",
    "HEIC": "image/heic",
    "AVIF": "image/avif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "JPEG 2000": "image/jp2",
    "PNM": "image/x-portable-anymap",
    "ICO": "image/x-icon",
}


@dataclass(frozen=True, slots=True)
class Original:
    """The bytes of an item's file, and the media type that they are."""

    data: bytes
    media_type: str


def original_of(store: Store, id: int) -> Original:
    """Return the file of an item; raise UnknownItem, or Problem where it is gone, changed, too large or no picture.

    The path is of the store's own records, and the file is read whole and compared before any of it is given out.
    """
    content = store.items([id])[0].content
    for item in store.sourced_items_by_id([id]):
        folder = folder_of(item.source) if item.source is not None else None
        if folder is None:
            break
        try:
            data = folder.read(item.item.key, limit=MAX_ORIGINAL_BYTES)
        except UnreadableImage:
            break
        media_type = _MEDIA_TYPES.get(image_format(data[:SIGNATURE_BYTES]) or "")
        if media_type is None or content_digest(data) != content:
            break
        return Original(data, media_type)
    raise no_original(f"expected an item whose file is still as it was embedded, got {id}")


def no_original(detail: str) -> Problem:
    """Return the problem of an original that is not served, whatever the reason."""
    return Problem(404, "no_original", detail)
