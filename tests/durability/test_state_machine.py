"""After any sequence of operations a store answers like a dictionary."""

from contextlib import ExitStack

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from benchmarks.durability.processes import scratch_folder
from storage import Embedding, NewItem, Store
from storage.errors import UnknownItem

#: A point of a small grid, so that equal distances and equal items are common.
POINT = st.tuples(*[st.integers(-2, 2)] * 3)
KEYS = [f"key {number}" for number in range(12)]


class StoreAndDictionary(RuleBasedStateMachine):
    """A store beside a dictionary of its expected items: key, label and point by id."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = self.stack.enter_context(scratch_folder())
        self.copies = 0
        self.next_id = 0
        self.expected: dict[int, tuple[str, str, tuple[int, ...]]] = {}

    @initialize()
    def create(self) -> None:
        self.store = Store.create(self.folder / "store", Embedding(3, "f" * 64))

    def teardown(self) -> None:
        self.store.close()
        with Store.open(self.store.folder, writing=True) as reopened:
            self.compare(reopened)
            reopened.repair()
            assert reopened.verify() == []
            self.compare(reopened)
        self.stack.close()

    def compare(self, store: Store) -> None:
        """Compare all items and vectors of a store with the dictionary."""
        ids = sorted(self.expected)
        assert [(item.id, item.key, item.label) for item in store.items()] == [
            (id, *self.expected[id][:2]) for id in ids
        ]
        assert store.vectors(ids).tolist() == [list(self.expected[id][2]) for id in ids]
        all_ids, vectors = store.all_vectors()
        assert (all_ids.tolist(), vectors.tolist()) == (ids, [list(self.expected[id][2]) for id in ids])

    @rule(points=st.dictionaries(st.sampled_from(KEYS), POINT, min_size=1, max_size=6))
    def append(self, points: dict[str, tuple[int, ...]]) -> None:
        """New keys are added, stored ones replaced."""
        ids = range(self.next_id, self.next_id + len(points))
        items = [NewItem(key, b"c", f"{key} at {point}") for key, point in points.items()]
        assert self.store.append(items, list(points.values())).ids == tuple(ids)
        self.expected = {id: item for id, item in self.expected.items() if item[0] not in points}
        self.expected |= {
            id: (key, f"{key} at {point}", point) for id, (key, point) in zip(ids, points.items(), strict=True)
        }
        self.next_id += len(points)

    @precondition(lambda self: self.expected)
    @rule(data=st.data(), by_key=st.booleans())
    def delete(self, data: st.DataObject, by_key: bool) -> None:
        ids = data.draw(st.sets(st.sampled_from(sorted(self.expected)), min_size=1, max_size=4), label="ids")
        if by_key:
            assert self.store.delete(keys=[self.expected[id][0] for id in ids]) == len(ids)
        else:
            assert self.store.delete(ids=sorted(ids)) == len(ids)
        for id in ids:
            del self.expected[id]

    @rule(offset=st.integers(0, 5))
    def delete_unknown_items(self, offset: int) -> None:
        try:
            self.store.delete(ids=[*self.expected, self.next_id + offset])
        except UnknownItem:
            return
        raise AssertionError("an unknown item was deleted")

    @precondition(lambda self: self.expected)
    @rule(query=POINT, k=st.integers(1, 15), data=st.data())
    def nearest(self, query: tuple[int, ...], k: int, data: st.DataObject) -> None:
        excluded = data.draw(st.sets(st.sampled_from(sorted(self.expected)), max_size=2), label="excluded")
        self.compare_nearest(self.store, query, k, excluded)

    def compare_nearest(self, store: Store, query: tuple[int, ...], k: int, excluded: set[int]) -> None:
        distances = {
            id: float(np.sqrt(sum((a - b) ** 2 for a, b in zip(point, query, strict=True))))
            for id, (_, _, point) in self.expected.items()
            if id not in excluded
        }
        expected = sorted((distance, id) for id, distance in distances.items())[:k]
        (hits,) = store.nearest([query], k, exclude=[sorted(excluded)])
        assert [(hit.distance, hit.id, hit.key, hit.label) for hit in hits] == [
            (distance, id, *self.expected[id][:2]) for distance, id in expected
        ]

    @rule()
    def publish(self) -> None:
        self.store.publish()

    @rule()
    def compact(self) -> None:
        self.store.compact()

    @rule(
        position=st.floats(0, 1),
        how=st.sampled_from(["flip", "truncate", "remove", "replace by a folder"]),
        data=st.data(),
    )
    def corrupt_the_index(self, position: float, how: str, data: st.DataObject) -> None:
        files = sorted(path for path in self.store.folder.rglob("*.faiss") if path.is_file() and path.stat().st_size)
        if not files:
            return
        path = data.draw(st.sampled_from(files), label="file")
        intact = path.read_bytes()
        offset = int(position * (len(intact) - 1))
        if how == "flip":
            path.write_bytes(intact[:offset] + bytes([intact[offset] ^ 1]) + intact[offset + 1 :])
        elif how == "truncate":
            path.write_bytes(intact[:offset])
        else:
            path.unlink()
            if how != "remove" and path.parent.name == "index":
                path.mkdir()

    @rule(query=POINT)
    def reopen(self, query: tuple[int, ...]) -> None:
        self.store.close()
        self.store = Store.open(self.store.folder, writing=True)
        self.compare_nearest(self.store, query, 5, set())

    @rule()
    def read_with_another_reader(self) -> None:
        with Store.open(self.store.folder) as reader:
            self.compare(reader)

    @rule(continue_with_copy=st.booleans())
    def back_up(self, continue_with_copy: bool) -> None:
        self.copies += 1
        copy = self.folder / f"copy {self.copies}"
        self.store.backup(copy)
        with Store.open(copy) as store:
            assert store.verify() == []
            self.compare(store)
        if continue_with_copy:
            self.store.close()
            self.store = Store.open(copy, writing=True)

    @rule()
    def repair(self) -> None:
        self.store.repair()
        assert self.store.verify() == []

    @invariant()
    def the_length_is_that_of_the_dictionary(self) -> None:
        if hasattr(self, "store"):
            assert len(self.store) == len(self.expected)


TestStoreAndDictionary = StoreAndDictionary.TestCase
TestStoreAndDictionary.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
