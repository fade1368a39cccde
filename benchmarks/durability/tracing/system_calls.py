"""Read strace's log of a writer as the operations on its files; a call that would be misread is refused, loudly."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from benchmarks.durability.tracing.strace import run_writer
from benchmarks.durability.writer import Job
from benchmarks.errors import BenchmarkFailed

#: Every call that can change a file, its names, or what a descriptor stands for.
CALLS = (
    "open,creat,openat,openat2,close,dup,dup2,dup3,fcntl,lseek,write,writev,pwrite64,pwritev,pwritev2,"
    "truncate,ftruncate,fallocate,sendfile,copy_file_range,splice,mmap,fsync,fdatasync,sync_file_range,syncfs,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir"
)

_LINE = re.compile(r"\d+ +(?P<call>\w+)\((?P<given>.*)\) += (?P<result>-?\d+|0x[0-9a-f]+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_CUT_LINE = re.compile(r"(?P<begin>\d+ +\w+\(.*) <unfinished \.\.\.>$|(?P<pid>\d+) +<\.\.\. \w+ resumed>(?P<end>.*)")
_ACKNOWLEDGED = re.compile(rb"ack (\d+)\n")


class UnmodelledCall(BenchmarkFailed):
    """A system call on the store's files whose effect is not known to the model of a disk."""


@dataclass
class _Opened:
    """What a descriptor stands for: a file by its number, or a folder; and where `write` goes on.

    Only if it is `write_only`: reads move that place too, and are not in the log.
    """

    file: int | None
    path: str
    write_only: bool
    offset: int = 0


def record(job: Job, root: Path, held: Mapping[str, int | None], options: Sequence[str] = ()) -> list[Operation]:
    """Do a writer's job below `root` and return all it did; `held` are the names that are there already.

    `options` are more of strace's. Raise BenchmarkFailed when the writer does not come to its end.
    """
    ran = run_writer(job, ["-e", f"trace={CALLS}", *options])
    if ran.outcome != "done":
        raise BenchmarkFailed(f"expected a writer to come to its end, got {ran.outcome!r} {ran.complaints}")
    return list(operations(ran.log, root, held))


def operations(log: str, root: Path, held: Mapping[str, int | None]) -> Iterator[Operation]:
    """Walk the operations of a log, in order; calls that failed did nothing.

    `held` maps each path below `root` that was there before to its file's number, or to None for a folder. Raise
    UnmodelledCall for a call on these files that cannot be told in operations.
    """
    reader = _Reader(root, held)
    for line in _whole_lines(log):
        found = _LINE.match(line)
        if found and not found["result"].startswith("-"):
            yield from reader.read(found["call"], found["given"], int(found["result"], 0))


def _whole_lines(log: str) -> Iterator[str]:
    """Walk the lines, those put together again that another thread's call has cut in two."""
    begun: dict[str, str] = {}
    for line in log.splitlines():
        cut = _CUT_LINE.match(line)
        if cut is None:
            yield line
        elif cut["begin"]:
            begun[line.split()[0]] = cut["begin"]
        else:
            yield begun.pop(cut["pid"]) + cut["end"]


class _Reader:
    """The names and descriptors that the writer sees, and what each call does to them."""

    def __init__(self, root: Path, held: Mapping[str, int | None]) -> None:
        self._root = root
        self._names: dict[str, int | None] = {".": None, **held}
        self._opened: dict[int, _Opened] = {}
        self._next = 1 + max((file for file in held.values() if file is not None), default=-1)
        self._known: dict[str, Callable[[str, int], Iterator[Operation]]] = {
            "open": self._open, "openat": self._open, "creat": self._open, "close": self._close,
            "dup": self._dup, "dup2": self._dup, "dup3": self._dup, "fcntl": self._fcntl, "lseek": self._lseek,
            "write": self._write, "writev": self._writev, "pwrite64": self._write, "mmap": self._mmap,
            "ftruncate": self._ftruncate, "fsync": self._sync, "fdatasync": self._sync,
            "rename": self._rename, "renameat": self._rename, "renameat2": self._rename,
            "link": self._link, "linkat": self._link, "unlink": self._unlink, "unlinkat": self._unlink,
            "mkdir": self._mkdir, "mkdirat": self._mkdir,
        }  # fmt: skip

    def read(self, call: str, given: str, result: int) -> Iterator[Operation]:
        """Walk the operations of one call that succeeded."""
        unknown = call not in self._known and (
            any(int(number) in self._opened for number in re.findall(r"\b\d+\b", given)) or any(self._paths(given))
        )
        if unknown or "AT_REMOVEDIR" in given or "RENAME_EXCHANGE" in given:
            raise UnmodelledCall(f"expected calls that the model of a disk knows, got {call}({given[:200]})")
        if call in self._known:
            yield from self._known[call](given, result)

    def _paths(self, given: str) -> list[str | None]:
        """Return the paths that a call names, relative to the root; None for one outside it."""
        found: list[str | None] = []
        for text in _texts(given):
            path = os.fsdecode(text)
            if not path.startswith("/"):
                raise UnmodelledCall(f"expected absolute paths, got {path!r}")
            relative = os.path.relpath(path, self._root)
            found.append(None if relative.startswith("..") else relative)
        return found

    def _held(self, given: str) -> _Opened | None:
        """Return what the descriptor that a call names first stands for, when it is one of the store's."""
        number = re.match(r"\d+", given)
        return self._opened.get(int(number[0])) if number else None

    def _open(self, given: str, result: int) -> Iterator[Operation]:
        (path,) = self._paths(given)
        self._opened.pop(result, None)
        if path is None:
            return
        if path not in self._names:
            self._names[path] = self._next
            self._next += 1
            yield Create(path, self._next - 1)
        self._opened[result] = _Opened(self._names[path], path, "O_WRONLY" in given)
        if "O_APPEND" in given:
            raise UnmodelledCall(f"expected no appending by the system, got {path} opened for it")
        if "O_TRUNC" in given:
            yield from self._resized(self._names[path], 0)

    def _close(self, given: str, result: int) -> Iterator[Operation]:  # noqa: ARG002
        self._opened.pop(int(given), None)
        yield from ()

    def _dup(self, given: str, result: int) -> Iterator[Operation]:
        self._opened.pop(result, None)
        if (opened := self._held(given)) is not None:
            self._opened[result] = opened
        yield from ()

    def _fcntl(self, given: str, result: int) -> Iterator[Operation]:
        if "F_DUPFD" in given:
            yield from self._dup(given, result)

    def _lseek(self, given: str, result: int) -> Iterator[Operation]:
        if (opened := self._held(given)) is not None:
            opened.offset = result
        yield from ()

    def _write(self, given: str, result: int) -> Iterator[Operation]:
        opened = self._held(given)
        if opened is None or opened.file is None:
            return
        (data,) = _texts(given)
        _, *offset = given.rpartition('"')[2].split(", ")[1:]
        if not offset:
            if not opened.write_only:
                raise UnmodelledCall(f"expected writes at a known offset, got others to {opened.path}")
            opened.offset += result
        yield Write(opened.file, int(offset[0]) if offset else opened.offset - result, data[:result])

    def _writev(self, given: str, result: int) -> Iterator[Operation]:  # noqa: ARG002
        if self._held(given):
            raise UnmodelledCall("expected no writev on the store's files")
        for text in _texts(given):
            if said := _ACKNOWLEDGED.fullmatch(text):
                yield Acknowledge(int(said[1]))

    def _mmap(self, given: str, result: int) -> Iterator[Operation]:  # noqa: ARG002
        _, _, protection, flags, descriptor, _ = given.split(", ")
        opened = self._held(descriptor)
        # SQLite's WAL index is made anew after a crash, whatever it holds.
        if opened and "PROT_WRITE" in protection and "MAP_SHARED" in flags and not opened.path.endswith("-shm"):
            raise UnmodelledCall(f"expected no writing to mapped files, got {opened.path}")
        yield from ()

    def _ftruncate(self, given: str, result: int) -> Iterator[Operation]:  # noqa: ARG002
        if opened := self._held(given):
            yield from self._resized(opened.file, int(given.rpartition(", ")[2]))

    def _resized(self, file: int | None, length: int) -> Iterator[Operation]:
        if file is not None:
            yield Resize(file, length)

    def _sync(self, given: str, result: int) -> Iterator[Operation]:  # noqa: ARG002
        if opened := self._held(given):
            yield SyncFolder(opened.path) if opened.file is None else SyncFile(opened.file)

    def _rename(self, given: str, result: int) -> Iterator[Operation]:  # noqa: ARG002
        old, new = self._two_names(given)
        # One name of a file over another of the same file: nothing happens, says rename(2).
        if old is not None and new is not None and self._names[old] != self._names.get(new, -1):
            self._names[new] = self._names.pop(old)
            yield Rename(old, new)

    def _link(self, given: str, result: int) -> Iterator[Operation]:  # noqa: ARG002
        old, new = self._two_names(given)
        if old is not None and new is not None:
            self._names[new] = self._names[old]
            yield Link(old, new)

    def _two_names(self, given: str) -> list[str | None]:
        names = self._paths(given)
        if (names[0] is None) != (names[1] is None) or (names[0] and self._names[names[0]] is None):
            raise UnmodelledCall(f"expected files to get their names within {self._root}, got {names}")
        return names

    def _unlink(self, given: str, result: int) -> Iterator[Operation]:  # noqa: ARG002
        (path,) = self._paths(given)
        if path is not None:
            del self._names[path]
            yield Unlink(path)

    def _mkdir(self, given: str, result: int) -> Iterator[Operation]:  # noqa: ARG002
        (path,) = self._paths(given)
        if path is not None:
            self._names[path] = None
            yield MakeFolder(path)


def _texts(given: str) -> list[bytes]:
    """Return the strings among a call's arguments."""
    if '"...' in given:
        raise UnmodelledCall(f"expected strace to show whole strings, got {given[-80:]}")
    return [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(given)]
