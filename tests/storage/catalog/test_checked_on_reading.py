"""Everything that is read from the catalog is checked: the embedding, its arrays, and thumbnails."""

from pathlib import Path

import numpy as np
import pytest

from storage import Embedding, NewItem, Store
from storage.errors import StoreCorrupt
from tests.errors import error_message
from tests.storage.stores import sql


def small_store(folder: Path) -> Path:
    embedding = Embedding(2, "f" * 64, {"made": "by hand"}, {"head": np.arange(6, dtype=np.float32).reshape(2, 3)})
    with Store.create(folder / "store", embedding) as store:
        items = [NewItem(f"{number}", b"c", thumbnail=f"picture {number}".encode()) for number in range(3)]
        store.append(items, [[1, 0], [2, 0], [3, 0]])
        store.publish()
    return folder / "store"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE embedding SET dim = 3",
        "UPDATE embedding SET dim = 'two'",
        "UPDATE embedding SET fingerprint = replace(fingerprint, 'f', 'e')",
        "UPDATE embedding SET spec = '{}'",
        "UPDATE embedding SET sha256 = x''",
        "UPDATE arrays SET shape = '[3, 2]'",
        "UPDATE arrays SET name = 'haed'",
        "UPDATE arrays SET data = zeroblob(24)",
        "UPDATE arrays SET data = 'text'",
        "DELETE FROM arrays",
        "DELETE FROM embedding",
        "INSERT INTO arrays SELECT 'another', shape, data FROM arrays",
    ],
)
def test_a_store_with_a_damaged_embedding_is_refused(tmp_path: Path, statement: str) -> None:
    folder = small_store(tmp_path)
    sql(folder, statement)
    assert error_message(StoreCorrupt, Store.open, folder) == (
        "expected the store's embedding to match its checksum, but it was damaged after it was written: restore the "
        "store from a backup"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE thumbnails SET png = x'00' WHERE item = 1",
        "UPDATE thumbnails SET png = 'picture 1' WHERE item = 1",
        "UPDATE thumbnails SET checksum = x'00' WHERE item = 1",
        "UPDATE thumbnails SET (png, checksum) = (SELECT png, checksum FROM thumbnails WHERE item = 2) WHERE item = 1",
    ],
)
def test_a_damaged_thumbnail_is_never_shown_and_can_be_removed(tmp_path: Path, statement: str) -> None:
    folder = small_store(tmp_path)
    sql(folder, statement)
    message = (
        "expected the thumbnail of item 1 to match its checksum, but it was damaged after it was written: run "
        "`lookalike store repair`, or restore the store from a backup"
    )
    with Store.open(folder, writing=True) as store:
        assert store.thumbnails([0, 2]) == {0: b"picture 0", 2: b"picture 2"}
        assert error_message(StoreCorrupt, store.thumbnails, [0, 1, 2]) == message
        assert store.verify() == ["thumbnail of item 1: it does not match its checksum"]
        assert store.repair() == ["thumbnail of item 1: damaged, removed"]
        assert store.thumbnails([0, 1, 2]) == {0: b"picture 0", 2: b"picture 2"}
        assert store.verify() == []
        assert len(store) == 3
