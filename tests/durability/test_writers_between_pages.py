"""Reads of all items while another process writes: each is of one batch, whatever is written between its pages."""

import dataclasses
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from storage import Store
from storage.catalog.history import History
from storage.errors import StoreCorrupt, StoreRenewed
from storage.transfer.import_export import export_store
from storage.transfer.migration import migrate
from tests.errors import error_message
from tests.storage.between_reads import BetweenReads
from tests.storage.stores import line_store, line_vectors, new_items, sql
from tests.storage.test_change_over import renew

#: A store's items by id: key, label, vector and source.
State = dict[int, tuple[str, str, list[float], str | None]]


def state_of(folder: Path) -> State:
    """Return the live items of a store, read with sqlite3."""
    rows = sql(
        folder,
        "SELECT id, key, label, vector, name FROM items LEFT JOIN item_sources ON item = id LEFT JOIN sources ON"
        " number = source WHERE deleted_in IS NULL ORDER BY id",
    )
    return {id: (key, label, np.frombuffer(vector, "<f4").tolist(), name) for id, key, label, vector, name in rows}


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """Items 0 to 9 in batches of 3, without item 5 and with another item 2; the newest are in no index file."""
    folder = line_store(tmp_path / "original", 8, batch=3)
    with Store.open(folder, writing=True) as store:
        store.delete(ids=[5])
        store.write_sources(dict.fromkeys(store.ids().tolist(), "folder:/one"))
        store.publish()
        store.append(new_items([2, 8, 9]), line_vectors([10, 8, 9]))
    return folder


def add(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        store.append(new_items([20, 21]), line_vectors([20, 21]))


def replace(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        store.append(new_items([1, 7, 9]), line_vectors([11, 12, 13]))
        store.publish()


def delete(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        store.delete(ids=[0, 4, 10])


def compact(folder: Path) -> None:
    with Store.open(folder, writing=True) as store:
        store.append(new_items([1, 7]), line_vectors([11, 12]))
        store.delete(ids=[4])
        store.compact()


def renew_all(folder: Path) -> None:
    renew(folder, [number for number in range(10) if number != 5])


WRITES: Mapping[str, Callable[[Path], None]] = {
    "add": add,
    "replace": replace,
    "delete": delete,
    "compact": compact,
    "renew": renew_all,
}


def read_items(folder: Path, _: Path) -> object:
    with Store.open(folder) as store:
        return {item.id: (item.key, item.label) for item in store.items()}


def read_pages(folder: Path, _: Path) -> object:
    with Store.open(folder) as store:
        return store.read_whole(
            lambda: {
                item.item.id: (item.item.key, item.item.label, vector.tolist(), item.source)
                for items, vectors in store.sourced_pages(2)
                for item, vector in zip(items, vectors, strict=True)
            }
        )


def read_ids(folder: Path, _: Path) -> object:
    with Store.open(folder) as store:
        return store.ids().tolist()


def count_items(folder: Path, _: Path) -> object:
    with Store.open(folder) as store:
        return len(store)


def count_matching(folder: Path, _: Path) -> object:
    with Store.open(folder) as store:
        return store.count({"number": list(range(1, 30))})


def read_vectors(folder: Path, _: Path) -> object:
    with Store.open(folder) as store:
        ids, vectors = store.all_vectors()
        return dict(zip(ids.tolist(), vectors.tolist(), strict=True))


def filter_items(folder: Path, _: Path) -> object:
    with Store.open(folder) as store:
        (hits,) = store.nearest([[0.0] * store.dim], 99, where={"number": list(range(1, 30))})
        return {hit.id: hit.label for hit in hits}


def neighbours(folder: Path, _: Path) -> object:
    with Store.open(folder) as store:
        found = store.neighbours_of_all(2)
        return dict(zip(found.ids.tolist(), zip(found.keys, found.labels, strict=True), strict=True))


def describe(folder: Path, _: Path) -> object:
    with Store.open(folder) as store:
        info = store.info()
        return info.items, info.labels, info.sources


def to_parquet(folder: Path, out: Path) -> object:
    with Store.open(folder) as store:
        assert export_store(store, out / "items.parquet") == len(pq.read_table(out / "items.parquet"))
    columns = pq.read_table(out / "items.parquet").to_pydict()
    fields = zip(columns["key"], columns["label"], columns["vector"], columns["source"], strict=True)
    return dict(zip(columns["id"], fields, strict=True))


def to_npz(folder: Path, out: Path) -> object:
    with Store.open(folder) as store:
        export_store(store, out / "items.npz")
    with np.load(out / "items.npz") as arrays:
        sources = [source or None for source in arrays["source"].tolist()]
        fields = zip(arrays["key"].tolist(), arrays["label"].tolist(), arrays["vector"].tolist(), sources, strict=True)
        return dict(zip(arrays["id"].tolist(), fields, strict=True))


def back_up(folder: Path, out: Path) -> object:
    with Store.open(folder) as store:
        store.backup(out / "copy")
    with Store.open(out / "copy") as copy:
        assert copy.verify() == []
    return state_of(out / "copy")


def copy_to(folder: Path, out: Path) -> object:
    migrate(folder, out / "copy")
    with Store.open(out / "copy") as copy:
        assert copy.verify() == []
    return {id: fields[:3] for id, fields in state_of(out / "copy").items()}


def verify(folder: Path, _: Path) -> object:
    with Store.open(folder) as store:
        return store.verify()


def whole(state: State) -> object:
    return state


def keys_and_labels(state: State) -> object:
    return {id: fields[:2] for id, fields in state.items()}


def counted(values: list[Any]) -> dict[Any, int]:
    return {value: values.count(value) for value in values}


#: By name: what is read, and the same of a state.
READS: Mapping[str, tuple[Callable[[Path, Path], object], Callable[[State], object]]] = {
    "items": (read_items, keys_and_labels),
    "pages": (read_pages, whole),
    "ids": (read_ids, list),
    "length": (count_items, len),
    "count": (count_matching, lambda state: sum(fields[1] != "label 0" for fields in state.values())),
    "vectors": (read_vectors, lambda state: {id: fields[2] for id, fields in state.items()}),
    "filter": (filter_items, lambda state: {id: f[1] for id, f in state.items() if f[1] != "label 0"}),
    "neighbours": (neighbours, keys_and_labels),
    "info": (
        describe,
        lambda state: (
            len(state),
            counted([fields[1] for fields in state.values()]),
            counted([fields[3] for fields in state.values() if fields[3] is not None]),
        ),
    ),
    "parquet": (to_parquet, whole),
    "npz": (to_npz, whole),
    "backup": (back_up, whole),
    "migration": (copy_to, lambda state: {id: fields[:3] for id, fields in state.items()}),
    "verification": (verify, lambda _: []),
}


def with_write_after(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: str, read: Callable[[Path, Path], Any]
) -> Iterator[tuple[Any, Path]]:
    """Yield what is read of a copy of a store, and the copy, with a write after ever more transactions of the read.

    The last is read with none. What is read is None when that raised StoreRenewed.
    """
    after, reached = 0, True
    while reached:
        folder, out = tmp_path / f"store {after}", tmp_path / f"out {after}"
        shutil.copytree(original, folder)
        out.mkdir()
        with monkeypatch.context() as patch:
            between = BetweenReads(folder, partial(WRITES[write], folder), after)
            between.install(patch)
            try:
                result = read(folder, out)
            except StoreRenewed:
                result = None
        yield result, folder
        reached = between.reached
        shutil.rmtree(folder)
        after += 1 + after // 4
    # The rows fill several pages.
    assert after > 5


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("read", READS)
def test_what_is_read_is_of_one_batch_whatever_is_written_between_two_pages(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: str, write: str
) -> None:
    read_from, expected = READS[read]
    before = expected(state_of(original))
    seen = []
    for result, folder in with_write_after(original, tmp_path, monkeypatch, write, read_from):
        if result is None:
            # A query vector may be of the old embedding, and batches of two are never joined in one copy.
            assert (read, write) in {("filter", "renew"), ("migration", "renew")}
            continue
        written = expected(state_of(folder))
        assert result in (before, written)
        seen.append((result, written))
    # What is written after the first transaction is seen, and nothing is written during the last read.
    assert seen[0][0] == seen[0][1]
    assert seen[-1] == (before, before)


@pytest.mark.parametrize("write", ["add", "replace", "delete", "compact"])
def test_verification_finds_damage_whatever_is_written_between_two_pages(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    sql(original, "UPDATE items SET label = 'another' WHERE id = 3")
    for problems, _ in with_write_after(original, tmp_path, monkeypatch, write, verify):
        assert problems == ["item 3: its fields do not match its checksum"]


def test_two_records_of_the_newest_batch_are_an_error_and_no_change_to_wait_for(
    original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last_batch = History.last_batch
    monkeypatch.setattr(History, "last_batch", lambda history: dataclasses.replace(last_batch(history), next_id=0))
    with Store.open(original) as store:
        assert error_message(StoreCorrupt, store.all_vectors) == (
            "expected one record of batch 5, got two: rows were lost or changed after they were written; run "
            "`lookalike store repair`, or restore the store from a backup"
        )
