"""What a writer does to its files, as typed operations; a file is a number, for its names may change.

Paths are relative to the folder that holds the store.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Create:
    """A new, empty file gets its first name."""

    path: str
    file: int


@dataclass(frozen=True)
class MakeFolder:
    """A new folder."""

    path: str


@dataclass(frozen=True)
class Rename:
    """A file changes its name in one step; another file that had the new one loses it."""

    old: str
    new: str


@dataclass(frozen=True)
class Link:
    """A file gets one more name."""

    old: str
    new: str


@dataclass(frozen=True)
class Unlink:
    """A name goes."""

    path: str


@dataclass(frozen=True)
class Write:
    """Bytes are written at an offset."""

    file: int
    offset: int
    data: bytes


@dataclass(frozen=True)
class Resize:
    """A file is cut, or made longer with zeros."""

    file: int
    length: int


@dataclass(frozen=True)
class SyncFile:
    """A file's bytes and length so far survive a power cut from now on."""

    file: int


@dataclass(frozen=True)
class SyncFolder:
    """The names in a folder as they are now survive a power cut from now on."""

    path: str


@dataclass(frozen=True)
class Acknowledge:
    """The writer says that a step is done."""

    step: int


Operation = Create | MakeFolder | Rename | Link | Unlink | Write | Resize | SyncFile | SyncFolder | Acknowledge
