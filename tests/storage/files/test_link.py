"""A finished file's second name: the same file, or a copy where the file system has no links."""

import errno
import os
from pathlib import Path

import pytest

from storage.errors import StoreUnwritable
from storage.files import durable
from tests.errors import error_message
from tests.storage.stores import files


@pytest.fixture
def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the file system refuse hard links, as FAT and some network file systems do."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


@pytest.fixture(params=["with links", "without links"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a finished file, on either kind of file system."""
    if request.param == "without links":
        request.getfixturevalue("without_links")
    (tmp_path / "target").write_bytes(b"new")
    return tmp_path / "target"


def test_the_link_has_the_same_bytes(target: Path) -> None:
    name = target.with_name("name")
    durable.link(target, name)
    assert files(target.parent) == {"name": b"new", "target": b"new"}
    target.unlink()
    assert files(target.parent) == {"name": b"new"}


def test_a_link_to_another_file_replaces_it_atomically(target: Path) -> None:
    name = target.with_name("name")
    name.write_bytes(b"old")
    reader = name.open("rb")
    durable.link(target, name)
    # A reader that has the old file open still reads the old one.
    with reader:
        assert reader.read() == b"old"
    assert files(target.parent) == {"name": b"new", "target": b"new"}


def test_linking_again_changes_nothing(target: Path) -> None:
    for _ in range(2):
        durable.link(target, target.with_name("name"))
    assert files(target.parent) == {"name": b"new", "target": b"new"}


def test_leftovers_of_an_interrupted_link_are_no_obstacle(target: Path) -> None:
    target.with_name("name.tmp").write_bytes(b"half")
    durable.link(target, target.with_name("name"))
    assert files(target.parent) == {"name": b"new", "target": b"new"}


def test_a_link_takes_no_space(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"new")
    durable.link(tmp_path / "target", tmp_path / "name")
    assert (tmp_path / "name").samefile(tmp_path / "target")


@pytest.mark.usefixtures("without_links")
def test_a_copy_is_flushed_before_it_gets_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "target").write_bytes(b"new")
    (tmp_path / "name").write_bytes(b"old")

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreUnwritable, match="got 'Input/output error'"):
        durable.link(tmp_path / "target", tmp_path / "name")
    assert files(tmp_path) == {"name": b"old", "target": b"new"}


def test_without_the_target_the_old_file_stays(target: Path) -> None:
    target.with_name("name").write_bytes(b"old")
    target.unlink()
    assert error_message(StoreUnwritable, durable.link, target, target.with_name("name")) == (
        f"expected to write {target.with_name('name')}, got 'No such file or directory': everything acknowledged so "
        "far is kept; free space or change the permissions and run the same command again"
    )
    assert files(target.parent) == {"name": b"old"}
