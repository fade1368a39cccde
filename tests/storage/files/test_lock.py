"""The writer lock: one writer at a time, named by its process; the next may follow as soon as that process dies."""

import errno
import fcntl
import os
import signal
from pathlib import Path

import pytest

from storage import Store
from storage.errors import NotAStore, StoreBusy, StoreUnwritable
from storage.files.lock import WriterLock
from tests.errors import error_message, exactly
from tests.processes import python
from tests.storage.stores import EMBEDDING, line_store, line_vectors, new_items

#: Opens a store for writing, prints a line, and keeps it open until standard input ends.
WRITER = """
import sys
from storage import Store
with Store.open(sys.argv[1], writing=True):
    print("open", flush=True)
    sys.stdin.read()
"""


def busy(folder: Path, holder: object) -> str:
    """Return the pattern of the whole message."""
    return exactly(
        f"expected to be the only writer of {folder}, got one at work already (process {holder}): wait for it to end, "
        "or stop it, and run the same command again"
    )


def test_a_second_lock_is_refused_until_the_first_is_released(tmp_path: Path) -> None:
    first = WriterLock(tmp_path / "lock")
    with pytest.raises(StoreBusy, match=busy(tmp_path, os.getpid())):
        WriterLock(tmp_path / "lock")
    first.release()
    second = WriterLock(tmp_path / "lock")
    # Releasing the first lock again does not release the second.
    first.release()
    with pytest.raises(StoreBusy):
        WriterLock(tmp_path / "lock")
    second.release()
    WriterLock(tmp_path / "lock").release()


@pytest.mark.parametrize("content", [b"", b"1\n", b"99999999999999999999\n", b"\xff\xfe\x00 what?"])
def test_the_content_of_the_lock_file_does_not_matter(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lock").write_bytes(content)
    holder = WriterLock(tmp_path / "lock")
    with pytest.raises(StoreBusy, match=busy(tmp_path, os.getpid())):
        WriterLock(tmp_path / "lock")
    holder.release()


def test_a_holder_that_wrote_no_process_id_is_unknown(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(StoreBusy, match=busy(tmp_path, "unknown")):
            WriterLock(tmp_path / "lock")


def test_a_lock_file_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"kept")
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreUnwritable, match=f"^expected to write {tmp_path}/lock, got 'Too many levels of symbolic"):
        WriterLock(tmp_path / "lock")
    assert (tmp_path / "elsewhere").read_bytes() == b"kept"
    with pytest.raises(StoreUnwritable, match=f"^expected to write {tmp_path}/no/lock, got 'No such file or directory"):
        WriterLock(tmp_path / "no" / "lock")


def test_a_writer_in_another_process_is_named_and_readers_may_open_the_store(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with python(WRITER, folder) as writer:
        with pytest.raises(StoreBusy, match=busy(folder, writer.pid)):
            Store.open(folder, writing=True)
        with Store.open(folder) as reader:
            assert len(reader) == 5
            assert reader.verify() == []


def test_nobody_waits_for_a_writer_that_was_stopped(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with python(WRITER, folder) as writer:
        os.kill(writer.pid, signal.SIGSTOP)
        with pytest.raises(StoreBusy, match=busy(folder, writer.pid)):
            Store.open(folder, writing=True)


def test_after_a_writer_was_killed_the_next_one_may_open_the_store_at_once(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with python(WRITER, folder) as writer:
        os.kill(writer.pid, signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL
        with Store.open(folder, writing=True) as store:
            assert store.append(new_items([5]), line_vectors([5])).ids == (5,)


def test_closing_a_writer_releases_its_lock(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", EMBEDDING) as creator, pytest.raises(StoreBusy):
        Store.open(creator.folder, writing=True)
    first = Store.open(tmp_path / "store", writing=True)
    first.close()
    with Store.open(tmp_path / "store", writing=True) as second:
        # Closing twice does not take the lock from the one that holds it now.
        first.close()
        with pytest.raises(StoreBusy):
            Store.open(tmp_path / "store", writing=True)
        assert second.append(new_items([0]), line_vectors([0])).ids == (0,)


def test_the_lock_is_released_when_a_store_cannot_be_opened(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    intact = (folder / "catalog.sqlite").read_bytes()
    (folder / "catalog.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(NotAStore):
        Store.open(folder, writing=True)
    (folder / "catalog.sqlite").write_bytes(intact)
    Store.open(folder, writing=True).close()


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_locks(*_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", without_locks)
    assert error_message(StoreUnwritable, WriterLock, tmp_path / "lock") == (
        f"expected to write {tmp_path / 'lock'}, got 'No locks available': everything acknowledged so far is kept; "
        "free space or change the permissions and run the same command again"
    )
    monkeypatch.undo()
    WriterLock(tmp_path / "lock").release()
