"""Where a listing of items goes on: a text that only this service reads, and only for the same filter and batch."""

import base64
import binascii
import hashlib
import struct

from search.service.problems import Problem
from storage.catalog.batch import Batch
from storage.types.where import Where, canonical_text, conditions_of

#: The first bytes of the batch's chain hash and of the filter's digest, and the id of the last item.
_LAYOUT = struct.Struct(">16s8sq")


def cursor_after(id: int, where: Where | None, batch: Batch) -> str:
    """Return the cursor of the page that comes after an item's."""
    return base64.urlsafe_b64encode(_LAYOUT.pack(batch.chain[:16], _digest(where), id)).decode("ascii")


def id_before(cursor: str | None, where: Where | None) -> int:
    """Return the id that a page comes after, -1 without a cursor; raise Problem for one that is none of this filter."""
    if cursor is None:
        return -1
    _, digest, id = _unpacked(cursor)
    if digest != _digest(where) or id < 0:
        raise _invalid()
    return id


def require_batch(cursor: str | None, batch: Batch) -> None:
    """Raise Problem for the cursor of another batch: its items are others by now."""
    if cursor is not None and _unpacked(cursor)[0] != batch.chain[:16]:
        raise Problem(
            409, "cursor_outdated", "expected a cursor of the batch that is searched, got an older one: begin again"
        )


def _unpacked(cursor: str) -> tuple[bytes, bytes, int]:
    try:
        chain, digest, id = _LAYOUT.unpack(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, struct.error):
        raise _invalid() from None
    return chain, digest, id


def _digest(where: Where | None) -> bytes:
    return hashlib.sha256(canonical_text(conditions_of(where)).encode()).digest()[:8]


def _invalid() -> Problem:
    return Problem(422, "cursor_invalid", "expected the cursor of the page before, with the same filter")
