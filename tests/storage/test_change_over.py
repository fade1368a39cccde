"""A renewal replaces the embedding and every vector at once; readers answer from the old ones until then."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from storage import Embedding, NewItem, Store
from storage.catalog.change_over import ChangeOver
from storage.errors import NotAStore, StoreBusy, StoreCorrupt, StoreExists, StoreReadOnly, StoreRenewed, UnknownItem
from storage.transfer.comparison import compare
from storage.transfer.migration import migrate
from storage.types.query import Query
from tests.errors import error_message
from tests.storage.stores import (
    EMBEDDING,
    content,
    files,
    hit,
    item,
    line_store,
    line_vectors,
    new_item,
    new_items,
    pairs,
    sql,
)

#: Embeddings of the old vectors' dimension, and of another.
RENEWED = Embedding(2, "e" * 64, {"made": "anew"}, {"head": np.ones(3, np.float32)})
WIDER = Embedding(3, "d" * 64, {"made": "wider"})


def renewed_vector(number: int, dim: int = 2) -> list[float]:
    """Return the vector of an item after a renewal: the items lie in the opposite order."""
    return [2.0 ** (10 - number), 1.0, 5.0][:dim]


def renew(
    folder: Path, numbers: list[int], embedding: Embedding = RENEWED, dropped: tuple[int, ...] = ()
) -> ChangeOver:
    """Renew the store in a folder with vectors of these items, staged in another order than the store's."""
    with Store.open(folder, writing=True) as store:
        with store.create_renewal(embedding) as staged:
            backwards = numbers[::-1]
            items = [NewItem(f"key {n}", content(n), "other", {"other": n}, f"new {n}".encode()) for n in backwards]
            staged.append(items, [renewed_vector(number, embedding.dim) for number in backwards])
            changed = store.change_over(staged, {f"key {n}": content(n) for n in dropped})
        store.publish()
        store.remove_renewal()
    return changed


@pytest.mark.parametrize("embedding", [RENEWED, WIDER])
def test_a_renewal_gives_every_item_a_new_id_and_vector_and_keeps_all_else(
    tmp_path: Path, embedding: Embedding
) -> None:
    folder = line_store(tmp_path, 5, batch=2, published=True)
    with Store.open(folder, writing=True) as store:
        store.delete(ids=[1])
        store.write_sources({0: "folder:/one", 3: "folder:/other"})
        store.publish()
    assert renew(folder, [0, 2, 3, 4], embedding) == ChangeOver(renewed=4, dropped=0)
    with Store.open(folder) as store:
        assert store.items() == [item(0, 5), item(2, 6), item(3, 7), item(4, 8)]
        assert store.vectors([5, 6, 7, 8]).tolist() == [renewed_vector(n, embedding.dim) for n in (0, 2, 3, 4)]
        assert store.sources(range(9)) == {5: "folder:/one", 7: "folder:/other"}
        assert store.thumbnails(range(9)) == {5: b"new 0", 6: b"new 2", 7: b"new 3", 8: b"new 4"}
        assert store.embedding.fingerprint == embedding.fingerprint
        assert store.embedding.spec == embedding.spec
        assert list(store.embedding.arrays) == list(embedding.arrays)
        assert store.verify() == []
        assert [(file.items, file.covers_all) for file in store.info().generations] == [(4, True)]
        assert pairs(store.search_by_key(["key 3"], Query(1))) == [(item(3, 7), [hit(1, 4, 64.0, id=8)])]
    assert sql(folder, "SELECT count(*) FROM items WHERE deleted_in IS NOT NULL AND length(vector) > 0") == [(0,)]
    assert sorted(path.name for path in folder.iterdir()) == ["catalog.sqlite", "index", "index.faiss", "writer.lock"]
    assert sorted(path.suffix for path in (folder / "index").iterdir()) == [".arrow", ".faiss"]


def test_items_can_be_dropped(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 3)
    assert renew(folder, [0, 2], dropped=(1,)) == ChangeOver(renewed=2, dropped=1)
    with Store.open(folder) as store:
        assert store.items() == [item(0, 3), item(2, 4)]
        assert store.verify() == []


def test_an_item_that_was_written_again_meanwhile_is_not_dropped(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 3)
    with Store.open(folder, writing=True) as store, store.create_renewal(RENEWED) as staged:
        staged.append(new_items([0, 2]), line_vectors([0, 2]))
        with pytest.raises(StoreBusy):
            store.change_over(staged, {"key 1": content(9)})
        assert len(store) == 3


@pytest.mark.parametrize("unstaged", ["missing", "changed"])
def test_an_item_without_a_new_vector_stops_it_and_nothing_is_changed(tmp_path: Path, unstaged: str) -> None:
    folder = line_store(tmp_path, 3, published=True)
    with Store.open(folder, writing=True) as store, store.create_renewal(RENEWED) as staged:
        before = files(folder)
        staged.append(new_items([0, 1]), line_vectors([0, 1]))
        if unstaged == "changed":
            staged.append([NewItem("key 2", content(3))], line_vectors([2]))
        assert error_message(StoreBusy, lambda: store.change_over(staged)) == (
            "expected a new vector for every item, got none for 'key 2', which was written meanwhile: run `lookalike "
            "renew` again"
        )
        after = files(folder)
        assert {name: data for name, data in after.items() if "renewal" not in name} == {
            name: data for name, data in before.items() if "renewal" not in name
        }


def test_a_store_goes_on_after_a_renewal(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 3, published=True)
    renew(folder, [0, 1, 2], WIDER)
    with Store.open(folder, writing=True) as store:
        assert store.append([new_item(3), new_item(0)], [[0, 0, 1], [0, 0, 2]]).ids == (6, 7)
        store.delete(keys=["key 1"])
        store.compact()
        assert store.repair() == []
        assert store.verify() == []
        assert store.items() == [item(2, 5), item(3, 6), item(0, 7)]
    renew(folder, [0, 2, 3])
    with Store.open(folder) as store:
        assert store.items() == [item(2, 8), item(3, 9), item(0, 10)]
        assert store.verify() == []


def test_a_renewed_store_can_be_backed_up_and_migrated(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 5, batch=2, published=True)
    renew(folder, [0, 1, 2, 3, 4], WIDER)
    with Store.open(folder) as store:
        store.backup(tmp_path / "backup")
        for copy in (tmp_path / "backup", tmp_path / "migrated"):
            if copy.name == "migrated":
                assert migrate(folder, copy).copied == 5
            with Store.open(copy) as copied:
                assert copied.verify() == []
                assert compare(store, copied).same


def test_a_migration_that_was_interrupted_before_a_renewal_names_another_location(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 5, batch=2)
    with Store.open(folder) as store, Store.create(tmp_path / "copy", EMBEDDING) as copy:
        copy.write_copies(next(store.batches_after(0))[:1])
    renew(folder, [0, 1, 2, 3, 4])
    assert error_message(StoreExists, lambda: migrate(folder, tmp_path / "copy")) == (
        f"expected no store at {tmp_path / 'copy'}, or an unfinished copy of {folder}, got another store: name another "
        "location"
    )


def test_an_open_reader_answers_from_the_new_vectors_after_a_renewal(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 4, published=True)
    with Store.open(folder) as reader, Store.open(folder) as idle:
        assert pairs(reader.search_by_key(["key 0"], Query(2))) == [(item(0), [hit(1, 1, 1.0), hit(2, 2, 3.0)])]
        renew(folder, [0, 1, 2, 3], WIDER)
        for store in (reader, idle):
            assert pairs(store.search_by_key(["key 3"], Query(2))) == [
                (item(3, 7), [hit(1, 2, 128.0, id=6), hit(2, 1, 384.0, id=5)])
            ]
            assert pairs(store.search_by_id([7], Query(1))) == [(item(3, 7), [hit(1, 2, 128.0, id=6)])]
            assert store.dim == 3
            assert store.all_vectors()[1].shape == (4, 3)
            assert store.neighbours_of_all(1).neighbours.tolist() == [[5], [6], [7], [6]]
            assert store.vectors([4]).tolist() == [renewed_vector(0, 3)]
            assert store.verify() == []


def test_an_open_reader_does_not_know_the_old_ids_after_a_renewal(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 4)
    with Store.open(folder) as reader:
        reader.search_by_id([0], Query(2))
        renew(folder, [0, 1, 2, 3])
        with pytest.raises(UnknownItem, match="got id 0, which it does not hold"):
            reader.search_by_id([0], Query(2))


RENEWED_MESSAGE = (
    f"expected the store's vectors to be those of the embedding {'f' * 12}, but they were made anew by another since: "
    "run the same command again, or from code make query vectors anew and call `refresh`"
)


@pytest.mark.parametrize("embedding", [RENEWED, WIDER])
@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("where", [None, {"label": "label 2"}])
def test_a_query_vector_from_before_a_renewal_is_refused(
    tmp_path: Path, embedding: Embedding, warm: bool, where: dict[str, str] | None
) -> None:
    folder = line_store(tmp_path, 4)
    with Store.open(folder) as reader:
        if warm:
            reader.nearest([0, 0], 2, where=where)
        renew(folder, [0, 1, 2, 3], embedding)
        for _ in range(2):
            assert error_message(StoreRenewed, lambda: reader.nearest([0, 0], 2, where=where)) == RENEWED_MESSAGE
            # A query by key follows the renewal; it must not make vectors from before acceptable.
            reader.search_by_key(["key 0"], Query(1))
        vector = renewed_vector(2, embedding.dim)
        assert reader.search(vector, Query(1), fingerprint=embedding.fingerprint) == [[hit(1, 2, 0.0, id=6)]]
        reader.refresh()
        assert reader.nearest(vector, 1, where=where) == [[hit(1, 2, 0.0, id=6)]]


def test_a_vector_of_the_new_embedding_is_accepted_by_a_reader_that_did_not_notice_yet(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 4)
    with Store.open(folder) as reader:
        reader.nearest([0, 0], 2)
        renew(folder, [0, 1, 2, 3])
        assert reader.search(renewed_vector(2), Query(1), fingerprint=RENEWED.fingerprint) == [[hit(1, 2, 0.0, id=6)]]


@pytest.mark.parametrize(
    "read",
    [
        lambda store: [list(store.pages(2))],
        lambda store: list(store.batches_after(0)),
    ],
)
def test_reading_all_items_stops_at_a_renewal(tmp_path: Path, read: Callable[[Store], object]) -> None:
    folder = line_store(tmp_path, 4)
    with Store.open(folder) as reader:
        renew(folder, [0, 1, 2, 3])
        assert error_message(StoreRenewed, lambda: read(reader)) == RENEWED_MESSAGE


def test_pages_before_and_after_a_renewal_are_not_mixed(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 4)
    with Store.open(folder) as reader:
        pages = reader.pages(2)
        assert [read.id for read in next(pages)[0]] == [0, 1]
        renew(folder, [0, 1, 2, 3])
        with pytest.raises(StoreRenewed):
            next(pages)


def test_a_renewal_that_was_interrupted_is_opened_again(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 2)
    with Store.open(folder, writing=True) as store:
        assert store.open_renewal() is None
        with store.create_renewal(RENEWED) as staged:
            staged.append(new_items([0]), [[1, 1]])
            staged.publish()
    with Store.open(folder, writing=True) as store, ExitStack() as stack:
        renewal = store.open_renewal()
        assert renewal is not None
        stack.enter_context(renewal)
        assert renewal.items() == [item(0)]
        renewal.close()
        store.remove_renewal()
        assert store.open_renewal() is None
        store.remove_renewal()


@pytest.mark.parametrize("damage", [b"", b"not a database at all"])
def test_a_damaged_renewal_is_discarded(tmp_path: Path, damage: bytes) -> None:
    folder = line_store(tmp_path, 2)
    with Store.open(folder, writing=True) as store:
        store.create_renewal(RENEWED).close()
        (folder / "renewal" / "catalog.sqlite").write_bytes(damage)
        assert store.open_renewal() is None
        store.remove_renewal()
        store.create_renewal(RENEWED).close()


def test_a_folder_of_that_name_with_other_files_is_left_alone(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 2)
    (folder / "renewal").mkdir()
    (folder / "renewal" / "diary.txt").write_text("mine")
    with Store.open(folder, writing=True) as store:
        assert error_message(NotAStore, store.remove_renewal) == (
            f"expected nothing but a store in {folder / 'renewal'}, got 'diary.txt': move it elsewhere, and run the "
            "same command again"
        )
    assert (folder / "renewal" / "diary.txt").read_text() == "mine"


def test_a_link_in_place_of_the_renewal_is_refused(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 2)
    other = line_store(tmp_path / "other", 2)
    (folder / "renewal").symlink_to(other)
    with pytest.raises(NotAStore, match="to be a folder, got a symbolic link"):
        Store.open(folder, writing=True)


def test_a_reader_cannot_renew(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 2)
    with Store.open(folder) as store:
        for attempt in (store.open_renewal, store.remove_renewal, lambda: store.change_over(store)):
            with pytest.raises(StoreReadOnly):
                attempt()


def test_an_embedding_from_before_or_after_the_rows_is_noticed(tmp_path: Path) -> None:
    folder = line_store(tmp_path, 3)
    tables = ("embedding", "arrays")
    old = {table: sql(folder, f"SELECT * FROM {table}") for table in tables}
    renew(folder, [0, 1, 2])
    new = {table: sql(folder, f"SELECT * FROM {table}") for table in tables}
    other = line_store(tmp_path / "other", 3)
    for store, rows, begins, got in ((folder, old, 3, 0), (other, new, 0, 3)):
        for table in tables:
            sql(store, f"DELETE FROM {table}")
            for row in rows[table]:
                sql(store, f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", *row)
        message = (
            f"expected the embedding that begins with batch {begins}, got that of batch {got}: rows were lost or "
            "changed after they were written; run `lookalike store repair`, or restore the store from a backup"
        )
        assert error_message(StoreCorrupt, Store.open, store) == message
        with Store.open(store, writing=True) as writer:
            assert error_message(StoreCorrupt, writer.nearest, [0, 0], 1) == message
            assert writer.verify() == [message]
            with pytest.raises(StoreCorrupt, match="intact after its repair"):
                writer.repair()
