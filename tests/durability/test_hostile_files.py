"""Links, pipes, sockets, devices and folders in place of a store's files: refused or harmless, and nothing outside.

Every operation on a store runs in a child process with a time limit, with canary files outside that it must not touch.
"""

import os
import shutil
import socket
from collections.abc import Callable, Iterable
from contextlib import chdir
from pathlib import Path

import pytest

from storage import LookalikeError, Store
from storage.errors import NotAStore
from tests.durability.sandbox import READING, WRITING, Sandbox, canaries
from tests.errors import exactly
from tests.storage.stores import files, line_store, line_vectors, new_items

ALL = (*READING, *WRITING)
PUBLISHING = ("publish", "compact", "repair")


def bound_socket(path: Path, *_: Path) -> None:
    # A socket's name may be 107 bytes long.
    with chdir(path.parent), socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


def full_folder(path: Path, *_: Path) -> None:
    path.mkdir()
    (path / "theirs").write_bytes(b"theirs")


def device(path: Path, *_: Path) -> None:
    try:
        os.mknod(path, 0o666 | 0o020000, os.makedev(1, 5))  # /dev/zero, which never ends.
    except PermissionError:
        pytest.skip("NOT TESTED HERE: a device can be made by root only")


#: What is not an ordinary file: each is made at a path, given a file and a folder to link to.
OBSTACLES: dict[str, Callable[[Path, Path, Path], None]] = {
    "a link to a file": lambda path, file, _: path.symlink_to(file),
    "a link to a folder": lambda path, _, folder: path.symlink_to(folder),
    "a link to nothing": lambda path, file, _: path.symlink_to(file.with_name("missing")),
    "a hard link": lambda path, file, _: os.link(file, path),
    "a pipe": lambda path, *_: os.mkfifo(path),
    "a socket": bound_socket,
    "a folder": full_folder,
    "a device": device,
}
NO_FILES = [obstacle for obstacle in OBSTACLES if obstacle != "a hard link"]

#: For each name, the obstacles that make operations refuse; with all others they must work as if nothing were there.
REFUSED: dict[str, dict[str, Iterable[str]]] = {
    "catalog.sqlite": dict.fromkeys(OBSTACLES, ALL),
    "catalog.sqlite-journal": dict.fromkeys(NO_FILES, ALL),
    "catalog.sqlite-wal": dict.fromkeys(OBSTACLES, ALL),
    "catalog.sqlite-shm": dict.fromkeys(NO_FILES, ALL),
    "writer.lock": dict.fromkeys(OBSTACLES, WRITING),
    "index": dict.fromkeys([obstacle for obstacle in OBSTACLES if obstacle != "a folder"], WRITING),
    "index.faiss": {"a folder": PUBLISHING},
    "index.faiss.tmp": {"a folder": PUBLISHING},
    "index/new.tmp": {"a folder": PUBLISHING},
    "index/GENERATION.faiss": {},
    "index/GENERATION.arrow": {},
    "catalog.sqlite.tmp": {},
}


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with an index file, and rows that it does not cover."""
    folder = line_store(tmp_path_factory.mktemp("intact"), published=True)
    with Store.open(folder, writing=True) as store:
        store.append(new_items([5, 6]), line_vectors([5, 6]))
    return folder


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_anything_but_an_ordinary_file_is_refused_or_does_no_harm(
    sandbox: Sandbox, intact: Path, tmp_path: Path, name: str, obstacle: str
) -> None:
    store = shutil.copytree(intact, tmp_path / "store")
    if "GENERATION" in name:
        (generation,) = (store / "index").glob(f"*{Path(name).suffix}")
        name = f"index/{generation.name}"
    path = store / name
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    with canaries(tmp_path) as (file, folder):
        OBSTACLES[obstacle](path, file, folder)
        outcomes = {operation: sandbox.run(operation, store) for operation in ALL}
    key = f"index/GENERATION{path.suffix}" if "g-0" in name else name
    refused = {operation for operation, outcome in outcomes.items() if outcome.startswith("refused: expected ")}
    assert refused == set(REFUSED[key].get(obstacle, ())), outcomes
    assert {outcomes[operation] for operation in outcomes.keys() - refused} <= {"done"}
    assert not any("\n" in outcome for outcome in outcomes.values())


@pytest.mark.parametrize("name", ["writer.lock", "catalog.sqlite.tmp", "catalog.sqlite.tmp-journal"])
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_store_is_created_beside_an_obstacle_or_not_at_all(
    sandbox: Sandbox, tmp_path: Path, name: str, obstacle: str
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    with canaries(tmp_path) as (file, folder):
        OBSTACLES[obstacle](store / name, file, folder)
        outcome = sandbox.run("create", store)
        refused = name == "writer.lock" or obstacle == "a folder"
        assert outcome.startswith("refused: expected " if refused else "done")
        assert Store.exists_at(store) is not refused


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_an_export_takes_no_file_beside_it_for_its_own(
    sandbox: Sandbox, intact: Path, tmp_path: Path, obstacle: str
) -> None:
    store = shutil.copytree(intact, tmp_path / "store")
    with canaries(tmp_path) as (file, folder):
        for suffix in (".parquet", ".npz", ".faiss"):
            OBSTACLES[obstacle](tmp_path / f"exported{suffix}.tmp", file, folder)
        assert sandbox.run("export", store).startswith("done")


def test_each_refusal_names_the_file_what_it_is_and_what_to_do(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    advice = "something other than Lookalike put it there; remove it, or restore the store from a backup"
    for obstacle, got in (
        ("a pipe", "a named pipe"),
        ("a link to nothing", "a symbolic link"),
        ("a folder", "a folder"),
    ):
        path = folder / "catalog.sqlite-journal"
        OBSTACLES[obstacle](path, tmp_path, tmp_path)
        with pytest.raises(NotAStore, match=exactly(f"expected {path} to be an ordinary file, got {got}: {advice}")):
            Store.open(folder)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    os.link(folder / "catalog.sqlite", tmp_path / "second")
    Store.open(folder).close()
    message = (
        f"expected {folder / 'catalog.sqlite'} to be a file of its own, got one with another name elsewhere (a hard "
        "link): copy the store's folder, and use the copy"
    )
    with pytest.raises(NotAStore, match=exactly(message)):
        Store.open(folder, writing=True)


def test_a_folder_with_a_name_too_long_is_no_store(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 70)
    message = f"expected a folder for a store at {folder}, got 'File name too long': name a folder that can be read"
    for attempt in (Store.open, Store.require_free):
        with pytest.raises(NotAStore, match=exactly(message)):
            attempt(folder)
    with pytest.raises(LookalikeError):
        Store.exists_at(folder) or Store.open(folder)
    assert files(tmp_path) == {}
