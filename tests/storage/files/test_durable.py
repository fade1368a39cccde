"""Durable files: each is complete and flushed to the disk, or as it was before."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.errors import StoreUnwritable
from storage.files import durable
from storage.files.durable import HashedFile
from tests.errors import exactly
from tests.storage.stores import files

ADVICE = "everything acknowledged so far is kept; free space or change the permissions and run the same command again"


def unwritable(path: Path, reason: str) -> str:
    """Return the pattern of the whole message."""
    return exactly(f"expected to write {path}, got '{reason}': {ADVICE}")


@pytest.fixture
def flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, bytes]]]:
    """Record each flush of a file or folder, with the files that there are at that moment."""
    seen: list[tuple[str, dict[str, bytes]]] = []
    flush = os.fsync

    def observed(descriptor: int) -> None:
        flush(descriptor)
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        seen.append((kind, files(tmp_path)))

    monkeypatch.setattr(os, "fsync", observed)
    return seen


Write = Callable[[Path, Callable[[HashedFile], None]], object]


def write_named(path: Path, write: Callable[[HashedFile], None]) -> None:
    durable.write_file(path.parent, write, lambda _: path.name)


#: Both ways to write a file.
WRITERS = pytest.mark.parametrize("write_to", [durable.replace_file_with, write_named])


def hello(file: HashedFile) -> None:
    file.write(b"hel")
    file.write(memoryview(b"lo"))


def test_a_file_is_named_after_its_sha256(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"hello").digest()
    written = durable.write_file(tmp_path, hello, lambda sha256: f"g-{sha256.hex()[:8]}")
    assert (written.size, written.sha256) == (5, digest)
    assert files(tmp_path) == {f"g-{digest.hex()[:8]}": b"hello"}


def test_a_file_is_replaced_by_bytes(tmp_path: Path) -> None:
    durable.replace_file(tmp_path / "file", b"old")
    durable.replace_file(tmp_path / "file", b"")
    assert files(tmp_path) == {"file": b""}


@WRITERS
def test_a_file_is_flushed_before_it_is_renamed_and_its_folder_after(
    tmp_path: Path, flushed: list[tuple[str, dict[str, bytes]]], write_to: Write
) -> None:
    (tmp_path / "file").write_bytes(b"old")
    write_to(tmp_path / "file", hello)
    (first, before), (second, after) = flushed
    assert (first, before.pop("file"), list(before.values())) == ("file", b"old", [b"hello"])
    assert (second, after) == ("folder", {"file": b"hello"})


@WRITERS
@pytest.mark.parametrize("there", [{}, {"file": b"old"}], ids=["a new file", "a file that is replaced"])
def test_a_write_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, write_to: Write, there: dict[str, bytes]
) -> None:
    for name, data in there.items():
        (tmp_path / name).write_bytes(data)

    def fail_with(error: BaseException) -> Callable[[HashedFile], None]:
        def write(file: HashedFile) -> None:
            hello(file)
            raise error

        return write

    with pytest.raises(StoreUnwritable, match=unwritable(tmp_path, "No space left on device")):
        write_to(tmp_path / "file", fail_with(OSError(errno.ENOSPC, "No space left on device")))
    for error in (ValueError("a bug"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            write_to(tmp_path / "file", fail_with(error))
    assert files(tmp_path) == there


@WRITERS
def test_a_flush_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_to: Write
) -> None:
    (tmp_path / "file").write_bytes(b"old")

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreUnwritable, match=unwritable(tmp_path, "Input/output error")):
        write_to(tmp_path / "file", hello)
    assert files(tmp_path) == {"file": b"old"}


@WRITERS
def test_a_folder_that_is_not_there_is_named(tmp_path: Path, write_to: Write) -> None:
    with pytest.raises(StoreUnwritable, match=unwritable(tmp_path / "nowhere", "No such file or directory")):
        write_to(tmp_path / "nowhere" / "file", hello)


def test_a_finished_file_is_renamed_over_another(tmp_path: Path, flushed: list[tuple[str, dict[str, bytes]]]) -> None:
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "file").write_bytes(b"old")
    durable.rename(tmp_path / "new", tmp_path / "file")
    assert flushed == [("folder", {"file": b"new"})]
    with pytest.raises(StoreUnwritable, match=unwritable(tmp_path / "other", "No such file or directory")):
        durable.rename(tmp_path / "new", tmp_path / "other")


def test_an_empty_file_replaces_a_file_or_link_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"kept")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").write_bytes(b"old")
    for name in ("link", "file", "new"):
        durable.write_empty(tmp_path / name)
    assert not (tmp_path / "link").is_symlink()
    assert files(tmp_path) == {"elsewhere": b"kept", "file": b"", "link": b"", "new": b""}


def test_removing_a_missing_file_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    durable.remove(tmp_path / "file")
    durable.remove(tmp_path / "file")
    assert files(tmp_path) == {}
    with pytest.raises(StoreUnwritable, match=unwritable(tmp_path, "Is a directory")):
        durable.remove(tmp_path)


def test_a_folder_is_created_with_its_parents_and_each_name_is_flushed(
    tmp_path: Path, flushed: list[tuple[str, dict[str, bytes]]]
) -> None:
    durable.make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
    assert [kind for kind, _ in flushed] == ["folder"] * 3
    durable.make_folder(tmp_path / "a")
    assert len(flushed) == 3


def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnwritable, match=unwritable(tmp_path / "file", "File exists")):
        durable.make_folder(tmp_path / "file")
    with pytest.raises(StoreUnwritable, match=unwritable(tmp_path / "file" / "a", "Not a directory")):
        durable.make_folder(tmp_path / "file" / "a")
