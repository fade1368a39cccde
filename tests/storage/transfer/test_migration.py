"""Migration: a store is copied as it is, an interrupted copy is resumed, and stores are compared to the bit."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from storage import Embedding, NewItem, Store
from storage.catalog.batch_copies import CopiedBatch
from storage.errors import StoreCorrupt, StoreExists, StoreRenewed
from storage.transfer import migration
from storage.transfer.comparison import compare
from storage.transfer.migration import Migrated, migrate
from tests.commands import Command
from tests.errors import error_message
from tests.storage.stores import EMBEDDING, line_store, line_vectors, new_items, sql

ALL = {"embedding": 0, "items": 0, "vectors": 0, "sources": 0, "plain": 0, "filtered": 0, "within": 0}


def changed_store(folder: Path) -> Path:
    """Make a store with replaced, deleted and compacted items."""
    original = line_store(folder, 8, batch=3)
    with Store.open(original, writing=True) as store:
        store.delete(ids=[1])
        store.append(new_items([2, 9]), line_vectors([3, 9]))
        store.compact()
        store.delete(keys=["key 9"])
        store.write_sources({0: "folder:/one", 4: "folder:/one", 5: "folder:/two"})
    return original


def test_a_copy_has_the_same_ids_history_and_thumbnails(tmp_path: Path) -> None:
    original = changed_store(tmp_path)
    assert migrate(original, tmp_path / "copy") == Migrated(items=7, batches=6, copied=6)
    with Store.open(original) as one, Store.open(tmp_path / "copy") as other:
        assert other.info().chain == one.info().chain
        assert other.items() == one.items()
        assert other.thumbnails([0, 8]) == one.thumbnails([0, 8])
        assert other.source_counts() == {"folder:/one": 2, "folder:/two": 1}
        assert other.verify() == []
        assert compare(one, other, queries=50).differences == ALL


def test_a_copy_resumes_after_the_last_batch_that_it_has(tmp_path: Path) -> None:
    original = changed_store(tmp_path)
    with Store.open(original) as one, Store.create(tmp_path / "copy", EMBEDDING) as begun:
        begun.write_copies(next(one.batches_after(0))[:2])
    assert migrate(original, tmp_path / "copy") == Migrated(items=7, batches=6, copied=4)
    assert migrate(original, tmp_path / "copy") == Migrated(items=7, batches=6, copied=0)


def test_a_store_that_is_written_to_meanwhile_is_copied_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = changed_store(tmp_path)
    write_copies = Store.write_copies

    def write_copies_late(copy: Store, copies: Sequence[CopiedBatch]) -> None:
        write_copies(copy, copies)
        with Store.open(original, writing=True) as store:
            store.append([NewItem("late", b"", source="folder:/late")], line_vectors([20]))
            store.delete(ids=[4])

    with monkeypatch.context() as patches:
        patches.setattr(Store, "write_copies", write_copies_late)
        assert migrate(original, tmp_path / "copy") == Migrated(items=7, batches=6, copied=6)
    with Store.open(tmp_path / "copy") as copy:
        assert copy.source_counts() == {"folder:/one": 2, "folder:/two": 1}
        assert copy.verify() == []
    assert migrate(original, tmp_path / "copy") == Migrated(items=7, batches=8, copied=2)
    with Store.open(original) as one, Store.open(tmp_path / "copy") as other:
        assert other.source_counts() == {"folder:/late": 1, "folder:/one": 1, "folder:/two": 1}
        assert compare(one, other, queries=50).differences == ALL


@pytest.mark.parametrize("moment", ["write_copies", "write_sources"])
def test_a_store_that_is_renewed_meanwhile_is_not_copied_without_its_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    original = line_store(tmp_path, 3)
    monkeypatch.setattr(migration, "_PAGE", 2)
    write = getattr(Store, moment)

    def write_late(copy: Store, written: object) -> None:
        write(copy, written)
        with Store.open(original, writing=True) as store, store.create_renewal(Embedding(2, "e" * 64)) as staged:
            staged.append(new_items([0, 1, 2]), line_vectors([0, 1, 2]))
            store.change_over(staged)
            store.remove_renewal()

    monkeypatch.setattr(Store, moment, write_late)
    with pytest.raises(StoreRenewed):
        migrate(original, tmp_path / "copy")


def test_a_store_is_not_copied_over_another(tmp_path: Path) -> None:
    original = line_store(tmp_path)
    other = line_store(tmp_path / "other", 4)
    assert error_message(StoreExists, migrate, original, other) == (
        f"expected no store at {other}, or an unfinished copy of {original}, got another store: name another location"
    )


def test_a_damaged_row_is_not_copied(tmp_path: Path) -> None:
    original = line_store(tmp_path, batch=2)
    sql(original, "UPDATE items SET label = 'wrong' WHERE id = 3")
    with pytest.raises(StoreCorrupt):
        migrate(original, tmp_path / "copy")
    with Store.open(tmp_path / "copy") as copy:
        assert len(copy) == 0


@pytest.mark.parametrize(
    ("statement", "kind", "first"),
    [("DELETE FROM thumbnails", None, None), (None, "items", "items: item 1 ('key 1', label 'label 1') and nothing")],
    ids=["thumbnails", "a missing item"],
)
def test_the_first_difference_is_shown(
    tmp_path: Path, statement: str | None, kind: str | None, first: str | None
) -> None:
    one, other = line_store(tmp_path, 5), line_store(tmp_path / "other", 5)
    if statement:
        sql(other, statement)
    else:
        with Store.open(other, writing=True) as store:
            store.delete(ids=[1])
    with Store.open(one) as left, Store.open(other) as right:
        comparison = compare(left, right, queries=20)
    assert (comparison.first_difference, comparison.same, comparison.queries) == (first, kind is None, 20)
    assert kind is None or comparison.differences[kind] == 1


def test_items_with_other_vectors_and_queries_with_other_hits_are_counted(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, shift in ((one, 0), (other, 1)):
        with Store.create(folder, EMBEDDING) as store:
            store.append(new_items([0, 1]), line_vectors([0, 1 + shift]))
    with Store.open(one) as left, Store.open(other) as right:
        comparison = compare(left, right, queries=10)
    assert comparison.first_difference == "vectors: item 1 has other vectors"
    assert (comparison.differences["items"], comparison.differences["vectors"], comparison.differences["plain"]) == (
        0,
        1,
        10,
    )


def test_the_commands_copy_and_compare(tmp_path: Path, storage: Command) -> None:
    original, copy = line_store(tmp_path, 5, batch=2), tmp_path / "copy"
    copied = f"3 batches copied; {copy} holds 5 items in 3 batches\n"
    assert storage("migrate", "--from", original, "--to", copy) == (0, copied, "")
    same = "the same: 5 items, and the answers to 10 queries each plain, filtered and within a radius\n"
    assert storage("compare", original, copy, "--queries", 10) == (0, same, "")
    with Store.open(copy, writing=True) as store:
        store.delete(ids=[4])
    code, out, err = storage("compare", original, copy, "--queries", 10)
    assert (code, out) == (1, "")
    assert err.endswith("the first is items: item 4 ('key 4', label 'label 4') and nothing\n")


def test_of_stores_of_other_embeddings_nothing_else_is_compared(tmp_path: Path) -> None:
    one = line_store(tmp_path, 2)
    Store.create(tmp_path / "other", Embedding(2, "0" * 64)).close()
    with Store.open(one) as left, Store.open(tmp_path / "other") as right:
        comparison = compare(left, right)
        assert (comparison.first_difference, comparison.same) == ("embedding: ffffffffffff and 000000000000", False)
    with pytest.raises(StoreExists):
        migrate(one, tmp_path / "other")
