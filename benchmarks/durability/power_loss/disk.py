"""A model of a disk that loses power: the states that a sequence of operations may leave.

A file's bytes and length are volatile until the file is synced, names until their folder is. Any part of what is
volatile may survive: each sector as it was at any time since the file was last synced, any of the file's lengths since
then, and any subset of the changes of names. This is exactly what POSIX allows; usual file systems keep more.
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

#: The size of a block that is written completely or not at all, in bytes.
SECTOR = 512

#: The content of a folder by relative path, at any depth: a file's bytes, or None for a folder.
Tree = dict[str, bytes | None]


@dataclass(frozen=True)
class _NameChange:
    """A name that is removed, one that is added, or both; `file` is the number of the added file, None for a folder."""

    removed: str | None = None
    added: str | None = None
    file: int | None = None

    def folders(self) -> set[str]:
        return {folder_of(path) for path in (self.removed, self.added) if path is not None}

    def apply(self, names: dict[str, int | None]) -> None:
        if self.removed is not None:
            names.pop(self.removed, None)
        if self.added is not None:
            names[self.added] = self.file


def folder_of(path: str) -> str:
    """Return the path of the folder that holds a name; "." is the outermost."""
    return str(PurePosixPath(path).parent)


class Disk:
    """A disk on which `tree` is durable at first."""

    def __init__(self, tree: Mapping[str, bytes | None]) -> None:
        files = file_numbers(tree)
        self._durable_names = dict(files)
        self._names = dict(files)
        self._pending: list[_NameChange] = []
        # Each file's bytes when it was last synced, and after each change since.
        self._versions = {number: [tree[path] or b""] for path, number in files.items() if number is not None}

    def apply(self, operation: Operation) -> None:
        """Apply one operation."""
        match operation:
            case Create(path, file):
                self._versions[file] = [b""]
                self._change_names(_NameChange(added=path, file=file))
            case MakeFolder(path):
                self._change_names(_NameChange(added=path))
            case Rename(old, new):
                self._change_names(_NameChange(removed=old, added=new, file=self._names[old]))
            case Link(old, new):
                self._change_names(_NameChange(added=new, file=self._names[old]))
            case Unlink(path):
                self._change_names(_NameChange(removed=path))
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
                        change.apply(self._durable_names)
                self._pending = [change for change in self._pending if path not in change.folders()]
            case Acknowledge():
                pass

    def _change_names(self, change: _NameChange) -> None:
        change.apply(self._names)
        self._pending.append(change)

    def with_everything(self) -> Tree:
        """Return the state in which all volatile changes survived, as when only the process was killed."""
        return self._tree(self._names, {file: versions[-1] for file, versions in self._versions.items()})

    def with_synced_only(self) -> Tree:
        """Return the state in which no volatile change survived."""
        return self._tree(self._durable_names, {file: versions[0] for file, versions in self._versions.items()})

    def draw_torn(self, generator: np.random.Generator) -> Tree:
        """Draw a state in which any of the volatile changes survived."""
        names = dict(self._durable_names)
        for change in self._draw_surviving(generator):
            change.apply(names)
        files = sorted(file for file in set(names.values()) if file is not None)
        bytes_of = {file: draw_torn_file(self._versions[file], generator) for file in files}
        return self._tree(names, bytes_of)

    def _draw_surviving(self, generator: np.random.Generator) -> list[_NameChange]:
        """Draw the changes of names that survive: all, none, the first few, or any subset."""
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
        """Return the tree of these names without those in a folder whose own name is missing."""
        folders = {".", *(path for path, file in names.items() if file is None)}
        return {
            path: None if file is None else bytes_of[file]
            for path, file in sorted(names.items())
            if all(str(parent) in folders for parent in PurePosixPath(path).parents)
        }


def file_numbers(tree: Mapping[str, bytes | None]) -> dict[str, int | None]:
    """Return a number for each file of a tree by path, and None for each folder."""
    return {path: None if data is None else number for number, (path, data) in enumerate(sorted(tree.items()))}


def draw_torn_file(versions: list[bytes], generator: np.random.Generator) -> bytes:
    """Draw the bytes that a file may have after a power cut; `versions` are those since its last sync, oldest first.

    The length is that of any version, and each sector is as in any version. Where that version is too short for the
    sector, it is as in the last longer version before; if the length is that of a later version, it is zeros or
    garbage, which is what lay there on the disk.
    """
    if len(versions) == 1:
        return versions[0]
    last = len(versions) - 1
    length_from = int(generator.integers(last + 1))
    length = len(versions[length_from])
    sectors = -(-length // SECTOR)
    match int(generator.integers(4)):
        case 0:
            chosen = np.full(sectors, generator.integers(last + 1))
        case 1:
            chosen = generator.choice([0, last], sectors)
        case 2:
            # One version but for a single sector.
            chosen = np.full(sectors, generator.choice([0, last]))
            if sectors:
                chosen[generator.integers(sectors)] = generator.integers(last + 1)
        case _:
            chosen = generator.integers(0, last + 1, sectors)
    data = bytearray(generator.bytes(sectors * SECTOR) if generator.random() < 0.5 else bytes(sectors * SECTOR))
    for sector, version in enumerate(chosen.tolist()):
        start = sector * SECTOR
        if length_from < version and len(versions[version]) <= start:
            version = max(older for older in range(version) if len(versions[older]) > start)  # noqa: PLW2901
        if part := versions[version][start : start + SECTOR]:
            # The system pads a file's last sector with zeros when it writes it.
            data[start : start + SECTOR] = part.ljust(SECTOR, b"\0")
    return bytes(data[:length])
