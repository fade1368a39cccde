"""The operations of a writer on its files. A file is identified by a number, since its names may change.

Paths are relative to the folder that holds the store.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Create:
    """Create an empty file under its first name."""

    path: str
    file: int


@dataclass(frozen=True)
class MakeFolder:
    """Create a folder."""

    path: str


@dataclass(frozen=True)
class Rename:
    """Rename a file atomically; another file of the new name loses it."""

    old: str
    new: str


@dataclass(frozen=True)
class Link:
    """Give a file one more name."""

    old: str
    new: str


@dataclass(frozen=True)
class Unlink:
    """Remove a name, of a file or of an empty folder."""

    path: str


@dataclass(frozen=True)
class Write:
    """Write bytes at an offset."""

    file: int
    offset: int
    data: bytes


@dataclass(frozen=True)
class Resize:
    """Truncate a file, or extend it with zeros."""

    file: int
    length: int


@dataclass(frozen=True)
class SyncFile:
    """Make a file's present bytes and length durable."""

    file: int


@dataclass(frozen=True)
class SyncFolder:
    """Make the present names in a folder durable."""

    path: str


@dataclass(frozen=True)
class Acknowledge:
    """Report that a step is done."""

    step: int


Operation = Create | MakeFolder | Rename | Link | Unlink | Write | Resize | SyncFile | SyncFolder | Acknowledge
