"""Find stored items by the digest of their content, in 16 bytes of memory an item."""

from collections.abc import Iterable

import numpy as np

_ENTRY = np.dtype([("prefix", np.int64), ("id", np.int64)])


class ContentIndex:
    """Ids by the first bytes of their items' content digests; candidates must be compared in full."""

    def __init__(self, contents: Iterable[tuple[int, object]]) -> None:
        entries = ((_prefix(content), id) for id, content in contents if isinstance(content, bytes))
        self._entries = np.fromiter(entries, _ENTRY)
        self._entries.sort(order=["prefix", "id"])

    def candidates(self, content: bytes) -> list[int]:
        """Return the ids, ascending, of all items that may have this content."""
        prefix = np.int64(_prefix(content))
        start, end = (np.searchsorted(self._entries["prefix"], prefix, side) for side in ("left", "right"))
        candidates: list[int] = self._entries["id"][start:end].tolist()
        return candidates


def _prefix(content: bytes) -> int:
    return int.from_bytes(content[:8].ljust(8, b"\0"), "little", signed=True)
