"""Make a small store whose last batch has no index, and compare all answers of a store with the right ones."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.durability.workload import DIM, label_of, work
from storage import LookalikeError, NewItem, Store
from storage.errors import UnknownItem

#: A store's answers by the name of the read, without those that it refused.
Answers = dict[str, object]

_TAIL = 40
_QUERIES = 12


def make_store(folder: Path, seed: int, acknowledge: Callable[[int], None] = lambda _: None) -> None:
    """Do the work in a new folder, then append a batch that no index file covers and that replaces an older item."""
    shutil.rmtree(folder, ignore_errors=True)
    work(folder, acknowledge, seed)
    vectors = np.random.default_rng([seed, 1]).standard_normal((_TAIL, DIM)).astype(np.float32)
    items = [
        NewItem(
            f"tail {number}" if number else "a39",
            hashlib.sha256(vector.tobytes()).digest(),
            label_of(vector.tobytes()),
            {"index": number},
            f"thumbnail {seed} {number}".encode(),
        )
        for number, vector in enumerate(vectors)
    ]
    with Store.open(folder, writing=True) as store:
        store.append(items, vectors)


class Examiner:
    """Calls every read of a store; `right` are the answers while it was intact."""

    def __init__(self, folder: Path) -> None:
        with Store.open(folder) as store:
            self._items = store.items()
            self._ids = [item.id for item in self._items]
            self._deleted_ids = sorted(set(range(self._ids[-1])) - set(self._ids))
            self._queries = np.concatenate(
                [
                    np.random.default_rng(6).standard_normal((_QUERIES, DIM)).astype(np.float32),
                    store.vectors(self._ids[::9]),
                ]
            )
        self._thumbnails: dict[int, bytes] = {}
        self.right, *_ = self.read_all(folder)

    def read_all(self, folder: Path) -> tuple[Answers, list[str], list[str]]:
        """Open a store; return its answers, the reads that it refused, and those that failed with other errors."""
        answers: Answers = {}
        refused = []
        failed = []
        try:
            store = Store.open(folder)
        except LookalikeError:
            return {}, ["open"], []
        except Exception as error:
            return {}, [], [f"open: {error!r}"]
        with store:
            for name, read in self._reads(store).items():
                try:
                    answers[name] = read()
                except UnknownItem:
                    # That an item is not stored is an answer too, and may be a wrong one.
                    answers[name] = None
                except LookalikeError:
                    refused.append(name)
                except Exception as error:
                    failed.append(f"{name}: {error!r}")
        return answers, refused, failed

    def _wrong_thumbnails(self, store: Store) -> list[int]:
        """Return the ids with another item's thumbnail; a missing one is right, since not every item has one."""
        thumbnails = store.thumbnails(self._ids)
        self._thumbnails = self._thumbnails or thumbnails
        return [id for id, png in thumbnails.items() if png != self._thumbnails[id]]

    def _reads(self, store: Store) -> dict[str, Callable[[], object]]:
        keys = [item.key for item in self._items]
        return {
            "nearest": lambda: store.nearest(self._queries, 4),
            "nearest to one": lambda: [store.nearest(query, 2) for query in self._queries[:2]],
            "items": store.items,
            "items by id": lambda: store.items(self._ids),
            "items by key": lambda: [_lookup(store, key) for key in [*keys[::25], "a3", "no such key"]],
            "deleted items": lambda: [_lookup(store, id) for id in self._deleted_ids[:3]],
            "vectors": lambda: store.vectors(self._ids).tobytes(),
            "all vectors": lambda: [array.tobytes() for array in store.all_vectors()],
            "pages": lambda: [
                (item, vector.tobytes())
                for items, vectors in store.pages(50)
                for item, vector in zip(items, vectors, strict=True)
            ],
            "contents": lambda: store.content_digests([*keys, "no such key"]),
            "thumbnails": lambda: self._wrong_thumbnails(store),
            "label counts": store.label_counts,
            "length": lambda: len(store),
            "embedding": lambda: _embedding(store),
            "deleted count": lambda: store.info().deleted,
        }


def different_answers(answers: Answers, right: Answers) -> list[str]:
    """Return the reads whose answers are not the right ones."""
    return [name for name, answer in answers.items() if answer != right[name]]


def _lookup(store: Store, id_or_key: int | str) -> object:
    """Return the item of an id or a key, None when the store says that there is none."""
    try:
        return store.by_key(id_or_key) if isinstance(id_or_key, str) else store.items([id_or_key])
    except UnknownItem:
        return None


def _embedding(store: Store) -> object:
    embedding = store.embedding
    arrays = {name: (array.shape, array.tobytes()) for name, array in embedding.arrays.items()}
    return embedding.dim, embedding.fingerprint, dict(embedding.spec), arrays
