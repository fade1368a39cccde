"""A model of a disk that loses power: what it may hold afterwards of the operations that it was given.

A file's bytes and length are volatile until the file is synced, names until their folder is. Of what is volatile
anything may be there: each sector as it was at any moment since the file was last synced, a length of its own, and any
part of the changes of names. This is what POSIX allows and no less; usual file systems keep more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from benchmarks.durability.tracing.operations import (
    Acknowledge,
    Create,
    Link,
    MakeFolder,
    Operation,
    Rename,
    Resize,
    SyncFile,
    SyncFolder,
    Unlink,
    Write,
)

#: What is written whole or not at all, in bytes.
SECTOR = 512

#: What a folder holds, at any depth: a file's bytes, or None for a folder.
Tree = dict[str, bytes | None]


@dataclass(frozen=True)
class _Renaming:
    """A change of names: a name that goes, and one that comes with its file, or with None for a folder."""

    gone: str | None = None
    come: str | None = None
    file: int | None = None

    def folders(self) -> set[str]:
        return {folder_of(path) for path in (self.gone, self.come) if path is not None}

    def apply(self, names: dict[str, int | None]) -> None:
        if self.gone is not None:
            names.pop(self.gone, None)
        if self.come is not None:
            names[self.come] = self.file


def folder_of(path: str) -> str:
    """Return the path of the folder that holds a name; "." is the outermost."""
    return str(PurePosixPath(path).parent)


class Disk:
    """A disk that holds `tree` durably to begin with."""

    def __init__(self, tree: Mapping[str, bytes | None]) -> None:
        held = numbered(tree)
        self._durable = dict(held)
        self._names = dict(held)
        self._pending: list[_Renaming] = []
        # Each file as it was after each change since it was last synced, and first as it was then.
        self._versions = {number: [tree[path] or b""] for path, number in held.items() if number is not None}

    def apply(self, operation: Operation) -> None:
        """Take one operation."""
        match operation:
            case Create(path, file):
                self._versions[file] = [b""]
                self._rename(_Renaming(come=path, file=file))
            case MakeFolder(path):
                self._rename(_Renaming(come=path))
            case Rename(old, new):
                self._rename(_Renaming(gone=old, come=new, file=self._names[old]))
            case Link(old, new):
                self._rename(_Renaming(come=new, file=self._names[old]))
            case Unlink(path):
                self._rename(_Renaming(gone=path))
            case Write(file, offset, data):
                before = self._versions[file][-1].ljust(offset, b"\0")
                self._versions[file].append(before[:offset] + data + before[offset + len(data) :])
            case Resize(file, length):
                self._versions[file].append(self._versions[file][-1][:length].ljust(length, b"\0"))
            case SyncFile(file):
                del self._versions[file][:-1]
            case SyncFolder(path):
                for change in self._pending:
                    if path in change.folders():
                        change.apply(self._durable)
                self._pending = [change for change in self._pending if path not in change.folders()]
            case Acknowledge():
                pass

    def _rename(self, change: _Renaming) -> None:
        change.apply(self._names)
        self._pending.append(change)

    @property
    def settled(self) -> bool:
        """Tell whether nothing is volatile, so that a power cut leaves one state only."""
        return not self._pending and all(
            len(self._versions[file]) == 1 for file in self._names.values() if file is not None
        )

    def kept(self) -> Tree:
        """Return what is there if all arrived on the disk, as after the process alone was killed."""
        return self._tree(self._names, {file: versions[-1] for file, versions in self._versions.items()})

    def dropped(self) -> Tree:
        """Return what is there if nothing that was not synced arrived on the disk."""
        return self._tree(self._durable, {file: versions[0] for file, versions in self._versions.items()})

    def torn(self, generator: np.random.Generator) -> Tree:
        """Draw one of the other states that a power cut now may leave."""
        names = dict(self._durable)
        for change in self._survivors(generator):
            change.apply(names)
        files = sorted(file for file in set(names.values()) if file is not None)
        bytes_of = {file: torn_file(self._versions[file], generator) for file in files}
        return self._tree(names, bytes_of)

    def _survivors(self, generator: np.random.Generator) -> list[_Renaming]:
        """Draw the changes of names that arrived: all, none, the first few, or any."""
        count = len(self._pending)
        match int(generator.integers(4)):
            case 0:
                return self._pending
            case 1:
                return []
            case 2:
                return self._pending[: int(generator.integers(count + 1))]
            case _:
                return [change for change in self._pending if generator.random() < 0.5]

    @staticmethod
    def _tree(names: Mapping[str, int | None], bytes_of: Mapping[int, bytes]) -> Tree:
        """Return the tree of these names; those in folders whose own name is not there are out of reach."""
        folders = {".", *(path for path, file in names.items() if file is None)}
        return {
            path: None if file is None else bytes_of[file]
            for path, file in sorted(names.items())
            if all(str(parent) in folders for parent in PurePosixPath(path).parents)
        }


def numbered(tree: Mapping[str, bytes | None]) -> dict[str, int | None]:
    """Return a number for each file of a tree, by path, and None for each folder."""
    return {path: None if data is None else number for number, (path, data) in enumerate(sorted(tree.items()))}


def torn_file(versions: list[bytes], generator: np.random.Generator) -> bytes:
    """Draw what a file may hold that was written `versions`, the first of them durable, since it was last synced.

    Its length is that of some version; each sector is as in some version. One that this version does not reach is as
    it was before it was cut off, if the length is still that of then; if the file has grown since, it holds zeros, or
    garbage: what lay there on the disk.
    """
    if len(versions) == 1:
        return versions[0]
    last = len(versions) - 1
    of_length = int(generator.integers(last + 1))
    length = len(versions[of_length])
    sectors = -(-length // SECTOR)
    match int(generator.integers(4)):
        case 0:
            chosen = np.full(sectors, generator.integers(last + 1))
        case 1:
            chosen = generator.choice([0, last], sectors)
        case 2:
            # All is as it was at one moment but for a single sector.
            chosen = np.full(sectors, generator.choice([0, last]))
            if sectors:
                chosen[generator.integers(sectors)] = generator.integers(last + 1)
        case _:
            chosen = generator.integers(0, last + 1, sectors)
    data = bytearray(generator.bytes(sectors * SECTOR) if generator.random() < 0.5 else bytes(sectors * SECTOR))
    for place, version in enumerate(chosen.tolist()):
        start = place * SECTOR
        if of_length < version and len(versions[version]) <= start:
            version = max(older for older in range(version) if len(versions[older]) > start)  # noqa: PLW2901
        if part := versions[version][start : start + SECTOR]:
            # A system that writes a file's last sector fills it with zeros.
            data[start : start + SECTOR] = part.ljust(SECTOR, b"\0")
    return bytes(data[:length])
