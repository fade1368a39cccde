"""Correcting labels: items get them by new ids, and the corrections are kept beside them."""

from pathlib import Path

import pytest

from storage import NewItem, Store
from storage.errors import InvalidItem, StoreCorrupt, StoreUnwritable, UnknownItem
from storage.files import durable
from storage.files.corrections import Correction, Corrections
from tests.commands import Command
from tests.storage.stores import EMBEDDING, line_vectors, new_items

#: The source of the items.
SOURCE = "folder:/pictures"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a store of three items."""
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        items = [
            NewItem(item.key, item.content, item.label, item.metadata, item.thumbnail, SOURCE)
            for item in new_items(range(3))
        ]
        store.append(items, line_vectors(range(3)))
    return tmp_path / "store"


def labels(folder: Path) -> dict[int, str | None]:
    with Store.open(folder) as store:
        assert store.verify() == []
        return {item.id: item.label for item in store.items()}


def test_an_item_has_its_new_label_and_all_else_that_it_had(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        before = store.by_key("key 1")
        assert store.relabel({"key 1": "corrected", "key 2": "label 2"}) == 1
        after = store.by_key("key 1")
        assert (after.id, after.label) == (3, "corrected")
        assert (after.key, after.content, after.metadata) == (before.key, before.content, before.metadata)
        assert store.vectors([3]).tolist() == line_vectors([1])
        assert store.thumbnails([3]) == {3: b"png 1"}
        assert store.sources([3]) == {3: SOURCE}
        correction = Correction("key 1", before.content, "label 1", "corrected")
        assert store.corrections() == Corrections({("key 1", before.content): correction})
    assert labels(folder) == {0: "label 0", 2: "label 2", 3: "corrected"}


def test_a_label_corrected_twice_is_compared_with_the_sources_and_that_one_again_is_no_correction(
    folder: Path,
) -> None:
    with Store.open(folder, writing=True) as store:
        content = store.by_key("key 1").content
        store.relabel({"key 1": "first"})
        store.relabel({"key 1": "second"})
        assert store.corrections().by_item == {("key 1", content): Correction("key 1", content, "label 1", "second")}
        store.relabel({"key 1": "label 1"})
        assert store.corrections() == Corrections()


def test_unknown_items_and_labels_that_cannot_be_stored_are_refused_with_nothing_changed(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        with pytest.raises(UnknownItem) as unknown:
            store.relabel({"key 1": "corrected", "no such": "corrected"})
        assert "got key 'no such', which it does not hold" in str(unknown.value)
        with pytest.raises(InvalidItem):
            store.relabel({"key 1": "NUL \0"})
        assert store.corrections() == Corrections()
    assert labels(folder) == {0: "label 0", 1: "label 1", 2: "label 2"}


def test_a_failing_disk_leaves_neither_a_correction_nor_a_label(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, _: bytes) -> None:
        raise durable.unwritable(path, OSError(28, "No space left on device"))

    with Store.open(folder, writing=True) as store:
        with monkeypatch.context() as patch:
            patch.setattr(durable, "replace_file", fail)
            with pytest.raises(StoreUnwritable):
                store.relabel({"key 1": "corrected"})
        with monkeypatch.context() as patch:
            patch.setattr(store, "append", lambda *_: (_ for _ in ()).throw(StoreUnwritable("full")))
            with pytest.raises(StoreUnwritable):
                store.relabel({"key 1": "corrected"})
        assert store.corrections() == Corrections()
    assert labels(folder) == {0: "label 0", 1: "label 1", 2: "label 2"}


def test_damaged_corrections_are_refused(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        store.relabel({"key 1": "corrected"})
    path = folder / "curation/corrections.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    with Store.open(folder) as store, pytest.raises(StoreCorrupt) as refused:
        store.corrections()
    assert str(refused.value) == (
        f"expected corrections of labels in {path}, got a file that cannot be read: restore it from a backup, or "
        "remove it to take the sources' labels"
    )


def test_a_backup_has_the_corrections(folder: Path, tmp_path: Path) -> None:
    with Store.open(folder, writing=True) as store:
        store.relabel({"key 1": "corrected"})
        store.backup(tmp_path / "copy")
        with Store.open(tmp_path / "copy") as copy:
            assert copy.corrections() == store.corrections()


def test_the_command_corrects_a_label(storage: Command, folder: Path) -> None:
    assert storage("relabel", "--store", folder, "--key", "key 1", "--label", "corrected") == (
        0,
        f"1 relabelled; {folder} has 1 correction\n",
        "",
    )
    assert labels(folder) == {0: "label 0", 2: "label 2", 3: "corrected"}


def test_corrections_are_written_as_a_table_for_the_source(folder: Path, storage: Command, tmp_path: Path) -> None:
    with Store.open(folder, writing=True) as store:
        store.relabel({"key 2": "=1+1", "key 1": "corrected"})
    table = tmp_path / "corrections.csv"
    assert storage("corrections", table, "--store", folder) == (0, f"Wrote 2 corrections to {table}\n", "")
    assert table.read_bytes().decode("utf-8-sig") == (
        "path,label,from\r\nkey 1,corrected,label 1\r\nkey 2,'=1+1,label 2\r\n"
    )
    assert storage("corrections", table, "--store", folder) == (
        1,
        "",
        f"error: expected a new file for the table, got {table}, which is there already: name another path, "
        "or give --force to replace it\n",
    )
    assert storage("corrections", table, "--store", folder, "--force")[0] == 0
    missing = tmp_path / "none" / "corrections.csv"
    assert storage("corrections", missing, "--store", folder) == (
        1,
        "",
        f"error: expected a folder for corrections.csv, found none at {missing.parent}: make it first\n",
    )
