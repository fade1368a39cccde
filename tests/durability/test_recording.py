"""Parsing strace's log: the operations of modelled calls, and an error for calls that are not modelled."""

from pathlib import Path

import pytest

from benchmarks.durability.power_loss.disk import Disk
from benchmarks.durability.tracing.call_parser import UnmodelledCall
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
from benchmarks.durability.tracing.recording import parse_log, record
from benchmarks.durability.workload import steps
from benchmarks.durability.writer import STORE, Job
from tests.storage.stores import tree


def text(string: str) -> str:
    """Return a string as strace -xx shows it."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in string.encode()) + '"'


def parse(*lines: str, existing: dict[str, int | None] | None = None) -> list[Operation]:
    return list(parse_log("".join(f"77  {line}\n" for line in lines), Path("/r"), existing or {}))


def test_a_file_written_synced_renamed_and_its_folder_synced() -> None:
    assert parse(
        f"mkdir({text('/r/s')}, 0777) = 0",
        f"openat(AT_FDCWD, {text('/r/s/f.tmp')}, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = 5",
        f"write(5, {text('hello')}, 5)                = 5",
        "lseek(5, 0, SEEK_CUR)             = 5",
        f"write(5, {text('world')}, 5)                = 3",
        "fsync(5)                          = 0",
        "close(5)                          = 0",
        f"rename({text('/r/s/f.tmp')}, {text('/r/s/f')}) = 0",
        f"openat(AT_FDCWD, {text('/r/s')}, O_RDONLY|O_DIRECTORY) = 5",
        "fdatasync(5) = 0",
    ) == [
        MakeFolder("s"),
        Create("s/f.tmp", 0),
        Resize(0, 0),
        Write(0, 0, b"hello"),
        Write(0, 5, b"wor"),
        SyncFile(0),
        Rename("s/f.tmp", "s/f"),
        SyncFolder("s"),
    ]


def test_writes_at_an_offset_through_copies_of_a_descriptor_links_cuts_and_removals() -> None:
    assert parse(
        f"openat(AT_FDCWD, {text('/r/f')}, O_RDWR|O_CREAT, 0644) = 3",
        "fcntl(3, F_DUPFD_CLOEXEC, 0)      = 9",
        "close(3) = 0",
        f"pwrite64(9, {text('abc')}, 3, 512) = 3",
        "ftruncate(9, 100) = 0",
        f"link({text('/r/f')}, {text('/r/g')}) = 0",
        f"unlink({text('/r/f')}) = 0",
        f"openat(AT_FDCWD, {text('/r/g')}, O_RDONLY) = 3",
        "fdatasync(3) = 0",
        f'writev(4, [{{iov_base={text("ack 12")[:-1]}\\x0a", iov_len=7}}], 1) = 7',
        existing={"f": 2},
    ) == [Write(2, 512, b"abc"), Resize(2, 100), Link("f", "g"), Unlink("f"), SyncFile(2), Acknowledge(12)]


def test_calls_that_failed_or_on_other_files_are_no_operations() -> None:
    assert (
        parse(
            f"unlink({text('/r/f')}) = -1 ENOENT (No such file or directory)",
            f"openat(AT_FDCWD, {text('/elsewhere/f')}, O_WRONLY|O_CREAT) = 3",
            f"write(3, {text('abc')}, 3) = 3",
            f"write(2, {text('ack 12')}, 6) = 6",
            f"openat(AT_FDCWD, {text('/rest/f')}, O_WRONLY|O_CREAT) = 4",
            "fsync(4) = 0",
            "mmap(NULL, 313160, PROT_READ|PROT_WRITE, MAP_SHARED, 4, 0) = 0x7f6366cb0000",
            "+++ exited with 0 +++",
        )
        == []
    )


def test_a_closed_descriptor_refers_to_nothing_and_then_to_another_file() -> None:
    assert parse(
        f"openat(AT_FDCWD, {text('/r/f')}, O_RDWR|O_CREAT, 0644) = 3",
        "close(3) = 0",
        "fsync(3) = 0",
        f"openat(AT_FDCWD, {text('/r/g')}, O_RDWR|O_CREAT, 0644) = 3",
        "fsync(3) = 0",
    ) == [Create("f", 0), Create("g", 1), SyncFile(1)]


def test_a_rename_of_one_name_of_a_file_over_another_of_the_same_file_does_nothing() -> None:
    assert parse(f"rename({text('/r/f')}, {text('/r/g')}) = 0", existing={"f": 0, "g": 0}) == []


def test_a_call_that_another_thread_cut_in_two_is_joined() -> None:
    log = (
        f"77  openat(AT_FDCWD, {text('/r/f')}, O_RDWR|O_CREAT <unfinished ...>\n"
        "78  fsync(9) = 0\n"
        "77  <... openat resumed>, 0644) = 3\n77  fsync(3) = 0\n"
    )
    assert list(parse_log(log, Path("/r"), {})) == [Create("f", 0), SyncFile(0)]


OPENED = f"openat(AT_FDCWD, {text('/r/f')}, O_RDWR|O_CREAT, 0644) = 3"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("sendfile(3, 8, NULL, 100) = 100", r"expected calls that the model of a disk knows, got sendfile\(3, 8, NULL"),
        ("copy_file_range(8, NULL, 3, NULL, 9, 0) = 9", "expected calls that the model of a disk knows"),
        (f"symlink({text('/r/f')}, {text('/r/g')}) = 0", "expected calls that the model of a disk knows"),
        (f"unlinkat(AT_FDCWD, {text('/r/s')}, AT_REMOVEDIR) = 0", "expected calls that the model of a disk knows"),
        ("mmap(NULL, 9, PROT_READ|PROT_WRITE, MAP_SHARED, 3, 0) = 0x7f", "expected no writing to mapped files, got f"),
        (f"write(3, {text('abc')}, 3) = 3", "expected writes at a known offset, got others to f"),
        ("writev(3, [], 0) = 0", "expected no writev on the store's files"),
        (f"openat(7, {text('g')}, O_RDONLY) = 4", "expected absolute paths, got 'g'"),
        (f"openat(AT_FDCWD, {text('/r/f')}, O_WRONLY|O_APPEND) = 4", "expected no appending by the system, got f"),
        (f"pwrite64(3, {text('abc')}..., 300, 0) = 300", "expected strace to show complete strings"),
        (f"rename({text('/tmp/f')}, {text('/r/g')}) = 0", "expected files to get their names within /r, got"),
    ],
)
def test_a_call_that_would_be_misread_raises_an_error(call: str, message: str) -> None:
    with pytest.raises(UnmodelledCall, match=message):
        parse(OPENED, call)


@pytest.mark.usefixtures("traced")
def test_the_operations_of_a_real_writer_lead_to_the_files_that_it_left(tmp_path: Path) -> None:
    recorded = record(Job(tmp_path / STORE), {})
    disk = Disk({})
    for operation in recorded:
        disk.apply(operation)
    assert disk.with_everything() == tree(tmp_path)
    acknowledged = [operation.step for operation in recorded if isinstance(operation, Acknowledge)]
    assert acknowledged == list(range(len(steps()) + 1))
