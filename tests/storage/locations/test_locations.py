"""Locations: where a store may be opened and created, and the errors where it may not."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import Embedding, Store
from storage.errors import NotAStore, OtherEmbedding, StoreCorrupt, StoreExists, StoreNotFound
from tests.errors import error_message
from tests.processes import printed_by
from tests.storage.stores import EMBEDDING, files, item, line_store, line_vector, new_item, sql

OPENINGS = pytest.mark.parametrize("writing", [False, True], ids=["for reading", "for writing"])


@OPENINGS
def test_a_missing_folder_is_refused(tmp_path: Path, writing: bool) -> None:
    folder = tmp_path / "nowhere"
    assert error_message(StoreNotFound, Store.open, folder, writing=writing) == (
        f"expected a store at {folder}, found nothing there: make one with `lookalike ingest SOURCE --store {folder}`, "
        "or name the right folder"
    )
    assert not Store.exists_at(folder)
    assert files(tmp_path) == {}


def test_the_command_that_makes_a_missing_store_can_be_copied_to_a_shell(tmp_path: Path) -> None:
    folder = tmp_path / "my store's"
    made_by = error_message(StoreNotFound, Store.open, folder).split("`")[1]
    assert shlex.split(made_by) == ["lookalike", "ingest", "SOURCE", "--store", str(folder)]


@OPENINGS
def test_a_file_is_refused(tmp_path: Path, writing: bool) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert error_message(NotAStore, Store.open, tmp_path / "file", writing=writing) == (
        f"expected a store at {tmp_path / 'file'}, got a file: name the folder that holds the store"
    )
    assert error_message(NotAStore, Store.create, tmp_path / "file", EMBEDDING) == (
        f"expected a new or empty folder for the store, got the file {tmp_path / 'file'}: name another folder"
    )
    assert not Store.exists_at(tmp_path / "file")


@OPENINGS
@pytest.mark.parametrize(
    "fill",
    [
        lambda _: None,
        lambda folder: (folder / "catalog.sqlite").mkdir(),
        lambda folder: (folder / "catalog.sqlite").symlink_to("/etc/passwd"),
    ],
    ids=["an empty folder", "a folder for a catalog", "a link for a catalog"],
)
def test_a_folder_without_a_catalog_is_refused(tmp_path: Path, fill: Callable[[Path], None], writing: bool) -> None:
    fill(tmp_path)
    assert error_message(NotAStore, Store.open, tmp_path, writing=writing) == (
        f"expected a store at {tmp_path}, got a folder without a catalog.sqlite: name a folder that "
        "`lookalike ingest` made, or a new one"
    )


@OPENINGS
def test_a_file_that_is_not_a_catalog_is_refused(tmp_path: Path, writing: bool) -> None:
    catalog = tmp_path / "catalog.sqlite"
    catalog.write_bytes(b"once upon a time there was a text" * 200)
    assert error_message(NotAStore, Store.open, tmp_path, writing=writing) == (
        f"expected a Lookalike catalog at {catalog}, got a file that is not a database"
    )
    message = (
        f"expected a Lookalike catalog at {catalog}, got another program's database: name a folder that "
        "`lookalike ingest` made, or a new one"
    )
    catalog.write_bytes(b"")
    assert error_message(NotAStore, Store.open, tmp_path, writing=writing) == message
    sql(tmp_path, "CREATE TABLE items (id INTEGER)")
    assert error_message(NotAStore, Store.open, tmp_path, writing=writing) == message


@OPENINGS
@pytest.mark.parametrize(
    ("statement", "got"),
    [
        ("CREATE TRIGGER t AFTER INSERT ON items BEGIN DELETE FROM items; END", "trigger t"),
        ("CREATE VIEW v AS SELECT * FROM items", "view v"),
        ("CREATE TABLE extra (id INTEGER)", "table extra"),
        ("DROP TABLE thumbnails", "no table thumbnails"),
        ("DROP INDEX items_live_key", "no index items_live_key"),
    ],
)
def test_a_catalog_with_other_tables_is_refused(tmp_path: Path, statement: str, got: str, writing: bool) -> None:
    folder = line_store(tmp_path)
    sql(folder, statement)
    assert error_message(StoreCorrupt, Store.open, folder, writing=writing) == (
        f"expected the tables of a Lookalike catalog and nothing else in {folder / 'catalog.sqlite'}, got {got}: "
        "restore it from a backup"
    )


def test_a_store_is_never_created_over_another(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    before = files(folder)
    message = f"expected a new or empty folder for the store, got the store {folder}: open it instead"
    assert error_message(StoreExists, Store.create, folder, EMBEDDING) == message
    assert error_message(StoreExists, Store.require_free, folder) == message
    assert files(folder) == before


def test_a_store_is_never_created_among_other_files(tmp_path: Path) -> None:
    for name in ("thesis.txt", "notes.txt"):
        (tmp_path / name).write_bytes(b"mine")
    assert error_message(NotAStore, Store.create, tmp_path, EMBEDDING) == (
        f"expected a new or empty folder for the store, got {tmp_path} with other files in it ('notes.txt'): name "
        "another folder"
    )
    assert files(tmp_path) == {"notes.txt": b"mine", "thesis.txt": b"mine"}


@pytest.mark.parametrize(
    "names", [["writer.lock"], ["catalog.sqlite.tmp"], ["writer.lock", "catalog.sqlite.tmp-journal"]]
)
def test_leftovers_of_an_interrupted_creation_are_no_obstacle(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"half of something")
    assert not Store.exists_at(tmp_path)
    Store.require_free(tmp_path)
    with Store.create(tmp_path, EMBEDDING) as store:
        store.append([new_item(0)], line_vector(0))
    with Store.open(tmp_path) as store:
        assert store.items() == [item(0)]
        assert store.verify() == []
    assert set(files(tmp_path)) == {"catalog.sqlite", "writer.lock"}


def test_a_store_in_a_folder_imports_nothing_of_servers(tmp_path: Path) -> None:
    folder = line_store(tmp_path, published=True)
    program = (
        "import sys; from storage import Store\n"
        f"with Store.open({str(folder)!r}, writing=True) as store:\n"
        "    store.delete(ids=[0]); store.nearest([1, 0], 2, where={'id': {'>': 1}}); store.publish(); store.verify()\n"
        "servers = ('storage.milvus', 'storage.databases.postgres_server', 'storage.locations.server_location',\n"
        "           'pymilvus', 'grpc', 'psycopg')\n"
        "print([name for name in sorted(sys.modules) if name.startswith(servers)])"
    )
    assert printed_by(program) == "[]\n"


def test_open_or_create_creates_a_store_once_and_refuses_another_embedding(tmp_path: Path) -> None:
    for items in (0, 1):
        with Store.open_or_create(tmp_path / "store", EMBEDDING) as store:
            assert len(store) == items
            store.append([new_item(0)], line_vector(0))
    with pytest.raises(OtherEmbedding):
        Store.open_or_create(tmp_path / "store", Embedding(2, "0" * 64))
    with Store.open(tmp_path / "store", writing=True) as store:
        assert store.verify() == []


def test_a_store_whose_embedding_cannot_be_written_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Store.create(tmp_path / "store", Embedding(2, "f" * 64, {"bad": float("nan")}))
    assert not Store.exists_at(tmp_path / "store")
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        assert store.verify() == []
