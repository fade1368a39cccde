"""`python -m tests.storage.catalog.formats.make`: save a store of the current format, and its answers, as a fixture.

Run it once, before a format is replaced by the next; its output is never changed afterwards.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from storage import Embedding, NewItem, Store
from storage.catalog.schema import SCHEMA_VERSION

FORMATS = Path(__file__).parent
DIM = 4


def make(folder: Path) -> None:
    """Create a store with replaced and deleted items, labels, thumbnails, arrays, and rows after the index file."""
    vectors = np.random.default_rng(SCHEMA_VERSION).integers(-50, 50, (30, DIM)).astype(np.float32)
    head = np.arange(8, dtype=np.float32).reshape(2, 4)
    labels = [None, "", "cat", "ćwierć żółwia", "'; DROP TABLE items; --"]
    items = [
        NewItem(
            f"folder/{number}.png",
            bytes([number]) * 32,
            labels[number % 5],
            {"place": number, "name": "ü"},
            f"picture {number}".encode() if number % 3 else None,
        )
        for number in range(30)
    ]
    with Store.create(folder, Embedding(DIM, "ab" * 32, {"made": "by hand"}, {"head": head})) as store:
        store.append(items[:12], vectors[:12])
        store.append([*items[12:20], items[3]], vectors[[*range(12, 20), 25]])
        store.publish()
        store.delete(ids=[1, 14])
        store.publish()
        store.append(items[20:], vectors[20:])
        store.delete(ids=[2])


def answers(store: Store) -> dict[str, Any]:
    """Return all items, thumbnails and arrays of a store, and the hits of some queries, as JSON values."""
    ids, vectors = store.all_vectors()
    return {
        "items": [
            [item.id, item.key, item.label, dict(item.metadata), item.content.hex(), vector]
            for item, vector in zip(store.items(), vectors.tolist(), strict=True)
        ],
        "thumbnails": {str(id): data.decode() for id, data in store.thumbnails(ids.tolist()).items()},
        "nearest": [
            [[hit.rank, hit.id, hit.key, hit.label, hit.distance.hex()] for hit in hits]
            for hits in store.nearest(np.arange(5 * DIM, dtype=np.float32).reshape(5, DIM), 6)
        ],
        "embedding": [store.embedding.dim, store.embedding.fingerprint, dict(store.embedding.spec)],
        "head": store.embedding.arrays["head"].tolist(),
    }


if __name__ == "__main__":
    target = FORMATS / str(SCHEMA_VERSION)
    make(target / "store")
    (target / "store" / "writer.lock").unlink()
    # It is a hard link to the newest index file, which every publication renews.
    (target / "store" / "index.faiss").unlink()
    with Store.open(target / "store") as store:
        (target / "answers.json").write_text(json.dumps(answers(store), indent=1, ensure_ascii=False) + "\n")
