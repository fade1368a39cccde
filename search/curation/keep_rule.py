"""Decide which picture of a group is kept: a file that is there, then by the rules asked for, then the largest.

Every rule gives each picture a rank, the smaller the better; where two have the same, the next rule decides. A file's
time is the one clock that is asked.
"""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from ingest.sources.confined_folder import ConfinedFolder
from ingest.sources.source_file import folder_of, source_file
from storage import Item
from storage.errors import InvalidQuery
from storage.types.items import SourcedItem

#: Names of rules; any other text is a pattern of keys.
LARGEST, OLDEST, FIRST = "largest", "oldest", "first"


@dataclass(frozen=True)
class StoredPicture:
    """An item with what its file is like now.

    `path` is None if its source has no files; `gone` says that the file is not there, or not as it was embedded. `size`
    in bytes and `time` in nanoseconds are 0 without a file. `bordered` says that it has a border which makes it larger
    than another of its group.
    """

    item: Item
    path: Path | None = None
    gone: bool = False
    size: int = 0
    time: int = 0
    bordered: bool = False

    @property
    def sides(self) -> tuple[int, int]:
        """Return the width and height in pixels, 0 for those that the store does not record."""
        width, height = (self.item.metadata.get(name) for name in ("width", "height"))
        return (width if isinstance(width, int) else 0, height if isinstance(height, int) else 0)


@dataclass(frozen=True)
class _Rule:
    """The rank of a picture, the smaller the better, and what is said of one that has the best rank, and another."""

    rank: Callable[[StoredPicture], int]
    best: Callable[[StoredPicture], str]
    other: Callable[[StoredPicture], str]


class KeepRule:
    """Ranks the pictures of a group.

    `order` has `largest`, `oldest`, `first` and patterns of keys, in which `*` stands for any text. Raise InvalidQuery
    for an empty one.
    """

    def __init__(self, order: Sequence[str] = ()) -> None:
        if "" in order:
            raise InvalidQuery("expected --keep to be largest, oldest, first or a pattern of keys, got an empty text")
        named = [_NAMED[name] if name in _NAMED else [_matching(name)] for name in order]
        self._rules = [_STILL_THERE, *(rule for rules in named for rule in rules)]
        self._rules += [rule for name in (LARGEST, OLDEST, FIRST) for rule in _NAMED[name]]

    def rank(self, picture: StoredPicture) -> tuple[int, ...]:
        """Return the rank of a picture by all rules; that of the one to keep is the smallest."""
        return tuple(rule.rank(picture) for rule in self._rules)

    def reason(self, picture: StoredPicture, other: StoredPicture) -> str:
        """Return in words why a picture is kept rather than another, or the other way round."""
        rule = next(rule for rule in self._rules if rule.rank(picture) != rule.rank(other))
        return (rule.best if rule.rank(picture) < rule.rank(other) else rule.other)(picture)


def _pixels(picture: StoredPicture) -> int:
    width, height = picture.sides
    return width * height


def _sides(text: str, picture: StoredPicture) -> str:
    width, height = picture.sides
    return f"{text}: {width} × {height}" if width and height else text  # noqa: RUF001 - a multiplication sign is meant


_STILL_THERE = _Rule(
    lambda picture: picture.gone, lambda _: "its file is still there", lambda _: "its file is gone or has changed"
)

_NAMED = {
    LARGEST: [
        _Rule(lambda picture: picture.bordered, lambda _: "has no border", lambda _: "has a border"),
        _Rule(lambda picture: -_pixels(picture), partial(_sides, "largest"), partial(_sides, "smaller")),
        _Rule(
            lambda picture: -picture.size,
            lambda picture: f"least compressed: {picture.size:,} bytes",
            lambda picture: f"more compressed: {picture.size:,} bytes",
        ),
    ],
    OLDEST: [_Rule(lambda picture: picture.time, lambda _: "oldest file", lambda _: "newer file")],
    FIRST: [_Rule(lambda picture: picture.item.id, lambda _: "first", lambda _: "later")],
}


def _matching(pattern: str) -> _Rule:
    return _Rule(
        lambda picture: not fnmatchcase(picture.item.key, pattern),
        lambda _: f"matches {pattern}",
        lambda _: f"does not match {pattern}",
    )


def stored_pictures(items: Sequence[SourcedItem]) -> list[StoredPicture]:
    """Return items with what their files are like now; no file is read."""
    folders: dict[str, ConfinedFolder | None] = {}
    pictures = []
    for sourced in items:
        if sourced.source is not None and sourced.source not in folders:
            folders[sourced.source] = folder_of(sourced.source)
        folder = folders.get(sourced.source or "")
        path = None if folder is None else source_file(folder, sourced.item.key)
        pictures.append(StoredPicture(sourced.item) if path is None else _with_file(sourced.item, path))
    return pictures


def _with_file(item: Item, path: Path) -> StoredPicture:
    try:
        status = os.stat(path)  # noqa: PTH116 - a key from elsewhere may be no path at all
    except (OSError, ValueError):
        return StoredPicture(item, path, gone=True)
    if not stat.S_ISREG(status.st_mode):
        return StoredPicture(item, path, gone=True)
    return StoredPicture(item, path, size=status.st_size, time=status.st_mtime_ns)
