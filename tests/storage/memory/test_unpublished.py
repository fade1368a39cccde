"""What was appended within `publishing` is published without being read again, as it would be otherwise."""

from pathlib import Path

import numpy as np
import pytest

from storage import Store
from storage.catalog.item_rows import ItemRows
from storage.memory import unpublished
from tests.storage.published import index_files
from tests.storage.stores import EMBEDDING, line_vectors, new_item


def append(store: Store, *numbers: int) -> None:
    store.append([new_item(number) for number in numbers], line_vectors(numbers))


def published(folder: Path) -> list[bytes]:
    """Return the bytes of the newest generation's files."""
    return [index_files(folder, suffix)[0].read_bytes() for suffix in (".faiss", ".arrow")]


@pytest.fixture
def read_pages(monkeypatch: pytest.MonkeyPatch) -> list[ItemRows]:
    """Return what reads pages of rows, from now on."""
    readers: list[ItemRows] = []
    in_page = ItemRows.in_page

    def noted(rows: ItemRows, page: object) -> object:
        readers.append(rows)
        return in_page(rows, page)  # type: ignore[arg-type]

    monkeypatch.setattr(ItemRows, "in_page", noted)
    return readers


def test_the_files_are_those_of_the_rows_and_no_row_is_read(tmp_path: Path, read_pages: list[ItemRows]) -> None:
    for name in ("store", "other"):
        with Store.create(tmp_path / name, EMBEDDING) as store:
            append(store, 0, 1)
            store.publish()
            read_pages.clear()
            if name == "store":
                with store.publishing():
                    append(store, 2, 3)
                    append(store, 4)
                assert read_pages == []
                assert store.verify() == []
            else:
                append(store, 2, 3)
                append(store, 4)
                store.publish()
                assert read_pages != []
    assert published(tmp_path / "store") == published(tmp_path / "other")


def test_vectors_that_change_after_they_were_appended_are_published_as_they_were(tmp_path: Path) -> None:
    vectors = np.array(line_vectors([0, 1]), np.float32)
    with Store.create(tmp_path / "store", EMBEDDING) as store, store.publishing():
        store.append([new_item(0), new_item(1)], vectors)
        vectors[:] = 7
    with Store.open(tmp_path / "store") as store:
        assert store.verify() == []


@pytest.mark.parametrize("case", ["deleted", "replaced", "unpublished before", "too many"])
def test_otherwise_the_rows_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_pages: list[ItemRows], case: str
) -> None:
    folder = tmp_path / "store"
    with Store.create(folder, EMBEDDING) as store:
        append(store, 0, 1)
        if case != "unpublished before":
            store.publish()
        if case == "too many":
            monkeypatch.setattr(unpublished, "_MOST_BYTES", 8)
        with store.publishing():
            append(store, 2, 3)
            if case == "deleted":
                store.delete(ids=[2])
            if case == "replaced":
                append(store, 3)
            read_pages.clear()
        assert read_pages != []


def fail_while_publishing(store: Store) -> None:
    with store.publishing():
        append(store, 0, 1)
        raise KeyError


def test_nothing_is_published_after_an_error(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", EMBEDDING) as store:
        with pytest.raises(KeyError):
            fail_while_publishing(store)
        assert store.info().generations == []
        append(store, 2)
        store.publish()
        assert store.verify() == []
