"""Parse system calls as strace shows them into operations; a call that would be misread raises an error."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

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
from benchmarks.errors import BenchmarkFailed

_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_ACKNOWLEDGED = re.compile(rb"ack (\d+)\n")


class UnmodelledCall(BenchmarkFailed):
    """A system call on the store's files that the model of a disk does not know."""


@dataclass(frozen=True)
class Call:
    """A system call that succeeded: its name, strace's text of its arguments, and its result."""

    name: str
    args: str
    result: int


@dataclass
class _OpenFile:
    """An open file by its number, or an open folder; and the offset of the next `write`.

    The offset is known only of a `write_only` file: reads move it too, and are not in the log.
    """

    number: int | None
    path: str
    write_only: bool
    offset: int = 0


class CallParser:
    """Tracks the writer's names and descriptors, and turns each of its system calls into operations.

    `existing` maps each path below `root` that existed before to its file's number, or to None for a folder.
    """

    def __init__(self, root: Path, existing: Mapping[str, int | None]) -> None:
        self._root = root
        self._names: dict[str, int | None] = {".": None, **existing}
        self._open_files: dict[int, _OpenFile] = {}
        self._next = 1 + max((file for file in existing.values() if file is not None), default=-1)
        self._methods: dict[str, Callable[[Call], Iterator[Operation]]] = {
            "open": self._open, "openat": self._open, "creat": self._open, "close": self._close,
            "dup": self._dup, "dup2": self._dup, "dup3": self._dup, "fcntl": self._fcntl, "lseek": self._lseek,
            "write": self._write, "writev": self._writev, "pwrite64": self._write, "mmap": self._mmap,
            "ftruncate": self._ftruncate, "fsync": self._sync, "fdatasync": self._sync,
            "rename": self._rename, "renameat": self._rename, "renameat2": self._rename,
            "link": self._link, "linkat": self._link, "unlink": self._unlink, "unlinkat": self._unlink,
            "mkdir": self._mkdir, "mkdirat": self._mkdir, "rmdir": self._unlink,
        }  # fmt: skip

    def parse(self, call: Call) -> Iterator[Operation]:
        """Yield the operations of one call that succeeded; raise UnmodelledCall when no operation describes it."""
        unmodelled = call.name not in self._methods and (
            any(int(number) in self._open_files for number in re.findall(r"\b\d+\b", call.args))
            or any(self._paths(call.args))
        )
        if unmodelled or "AT_REMOVEDIR" in call.args or "RENAME_EXCHANGE" in call.args:
            raise UnmodelledCall(f"expected calls that the model of a disk knows, got {call.name}({call.args[:200]})")
        if call.name in self._methods:
            yield from self._methods[call.name](call)

    def _paths(self, args: str) -> list[str | None]:
        """Return the paths that a call names, relative to the root; None for one outside it."""
        paths: list[str | None] = []
        for text in _texts(args):
            path = os.fsdecode(text)
            if not path.startswith("/"):
                raise UnmodelledCall(f"expected absolute paths, got {path!r}")
            relative = os.path.relpath(path, self._root)
            paths.append(None if relative.startswith("..") else relative)
        return paths

    def _file_of(self, args: str) -> _OpenFile | None:
        """Return the file of a call's first argument, a descriptor; None for one that is not the store's."""
        number = re.match(r"\d+", args)
        return self._open_files.get(int(number[0])) if number else None

    def _open(self, call: Call) -> Iterator[Operation]:
        (path,) = self._paths(call.args)
        self._open_files.pop(call.result, None)
        if path is None:
            return
        if path not in self._names:
            self._names[path] = self._next
            self._next += 1
            yield Create(path, self._next - 1)
        self._open_files[call.result] = _OpenFile(self._names[path], path, "O_WRONLY" in call.args)
        if "O_APPEND" in call.args:
            raise UnmodelledCall(f"expected no appending by the system, got {path} opened for it")
        if "O_TRUNC" in call.args:
            yield from self._resized(self._names[path], 0)

    def _close(self, call: Call) -> Iterator[Operation]:
        self._open_files.pop(int(call.args), None)
        yield from ()

    def _dup(self, call: Call) -> Iterator[Operation]:
        self._open_files.pop(call.result, None)
        if (opened := self._file_of(call.args)) is not None:
            self._open_files[call.result] = opened
        yield from ()

    def _fcntl(self, call: Call) -> Iterator[Operation]:
        if "F_DUPFD" in call.args:
            yield from self._dup(call)

    def _lseek(self, call: Call) -> Iterator[Operation]:
        if (opened := self._file_of(call.args)) is not None:
            opened.offset = call.result
        yield from ()

    def _write(self, call: Call) -> Iterator[Operation]:
        opened = self._file_of(call.args)
        if opened is None or opened.number is None:
            return
        (data,) = _texts(call.args)
        _, *offset = call.args.rpartition('"')[2].split(", ")[1:]
        if not offset:
            if not opened.write_only:
                raise UnmodelledCall(f"expected writes at a known offset, got others to {opened.path}")
            opened.offset += call.result
        yield Write(opened.number, int(offset[0]) if offset else opened.offset - call.result, data[: call.result])

    def _writev(self, call: Call) -> Iterator[Operation]:
        if self._file_of(call.args):
            raise UnmodelledCall("expected no writev on the store's files")
        for text in _texts(call.args):
            if match := _ACKNOWLEDGED.fullmatch(text):
                yield Acknowledge(int(match[1]))

    def _mmap(self, call: Call) -> Iterator[Operation]:
        _, _, protection, flags, descriptor, _ = call.args.split(", ")
        opened = self._file_of(descriptor)
        # SQLite rebuilds a WAL index after a crash, whatever it holds.
        if opened and "PROT_WRITE" in protection and "MAP_SHARED" in flags and not opened.path.endswith("-shm"):
            raise UnmodelledCall(f"expected no writing to mapped files, got {opened.path}")
        yield from ()

    def _ftruncate(self, call: Call) -> Iterator[Operation]:
        if opened := self._file_of(call.args):
            yield from self._resized(opened.number, int(call.args.rpartition(", ")[2]))

    def _resized(self, file: int | None, length: int) -> Iterator[Operation]:
        if file is not None:
            yield Resize(file, length)

    def _sync(self, call: Call) -> Iterator[Operation]:
        if opened := self._file_of(call.args):
            yield SyncFolder(opened.path) if opened.number is None else SyncFile(opened.number)

    def _rename(self, call: Call) -> Iterator[Operation]:
        old, new = self._two_names(call.args)
        # One name of a file over another of the same file: nothing happens, says rename(2).
        if old is not None and new is not None and self._names[old] != self._names.get(new, -1):
            self._names[new] = self._names.pop(old)
            yield Rename(old, new)

    def _link(self, call: Call) -> Iterator[Operation]:
        old, new = self._two_names(call.args)
        if old is not None and new is not None:
            self._names[new] = self._names[old]
            yield Link(old, new)

    def _two_names(self, args: str) -> list[str | None]:
        names = self._paths(args)
        if (names[0] is None) != (names[1] is None) or (names[0] and self._names[names[0]] is None):
            raise UnmodelledCall(f"expected files to get their names within {self._root}, got {names}")
        return names

    def _unlink(self, call: Call) -> Iterator[Operation]:
        (path,) = self._paths(call.args)
        if path is not None:
            del self._names[path]
            yield Unlink(path)

    def _mkdir(self, call: Call) -> Iterator[Operation]:
        (path,) = self._paths(call.args)
        if path is not None:
            self._names[path] = None
            yield MakeFolder(path)


def _texts(args: str) -> list[bytes]:
    """Return the strings among a call's arguments."""
    if '"...' in args:
        raise UnmodelledCall(f"expected strace to show complete strings, got {args[-80:]}")
    return [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(args)]
