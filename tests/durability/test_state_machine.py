"""Whatever is done to a store in whatever order, it answers like a dictionary."""

from contextlib import ExitStack

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from benchmarks.durability.judge import scratch
from storage import Embedding, NewItem, Store
from storage.errors import UnknownItem

#: A point of a small grid, so that equal distances and equal items are common.
POINT = st.tuples(*[st.integers(-2, 2)] * 3)
KEYS = [f"key {number}" for number in range(12)]


class StoreAndDictionary(RuleBasedStateMachine):
    """A store beside a dictionary of what it must hold: key, label and point by id."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = self.stack.enter_context(scratch())
        self.copies = 0
        self.next_id = 0
        self.held: dict[int, tuple[str, str, tuple[int, ...]]] = {}

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
        """Compare everything that a store holds with the dictionary."""
        ids = sorted(self.held)
        assert [(item.id, item.key, item.label) for item in store.items()] == [(id, *self.held[id][:2]) for id in ids]
        assert store.vectors(ids).tolist() == [list(self.held[id][2]) for id in ids]
        known, vectors = store.all_vectors()
        assert (known.tolist(), vectors.tolist()) == (ids, [list(self.held[id][2]) for id in ids])

    @rule(given=st.dictionaries(st.sampled_from(KEYS), POINT, min_size=1, max_size=6))
    def append(self, given: dict[str, tuple[int, ...]]) -> None:
        """New keys are added, stored ones replaced."""
        ids = range(self.next_id, self.next_id + len(given))
        items = [NewItem(key, b"c", f"{key} at {point}") for key, point in given.items()]
        assert self.store.append(items, list(given.values())).ids == tuple(ids)
        self.held = {id: one for id, one in self.held.items() if one[0] not in given}
        self.held |= {
            id: (key, f"{key} at {point}", point) for id, (key, point) in zip(ids, given.items(), strict=True)
        }
        self.next_id += len(given)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), by_key=st.booleans())
    def delete(self, data: st.DataObject, by_key: bool) -> None:
        ids = data.draw(st.sets(st.sampled_from(sorted(self.held)), min_size=1, max_size=4), label="ids")
        if by_key:
            assert self.store.delete(keys=[self.held[id][0] for id in ids]) == len(ids)
        else:
            assert self.store.delete(ids=sorted(ids)) == len(ids)
        for id in ids:
            del self.held[id]

    @rule(offset=st.integers(0, 5))
    def delete_what_is_not_there(self, offset: int) -> None:
        try:
            self.store.delete(ids=[*self.held, self.next_id + offset])
        except UnknownItem:
            return
        raise AssertionError("an unknown item was deleted")

    @precondition(lambda self: self.held)
    @rule(query=POINT, k=st.integers(1, 15), data=st.data())
    def nearest(self, query: tuple[int, ...], k: int, data: st.DataObject) -> None:
        excluded = data.draw(st.sets(st.sampled_from(sorted(self.held)), max_size=2), label="excluded")
        self.compare_nearest(self.store, query, k, excluded)

    def compare_nearest(self, store: Store, query: tuple[int, ...], k: int, excluded: set[int]) -> None:
        distances = {
            id: float(np.sqrt(sum((a - b) ** 2 for a, b in zip(point, query, strict=True))))
            for id, (_, _, point) in self.held.items()
            if id not in excluded
        }
        expected = sorted((distance, id) for id, distance in distances.items())[:k]
        (hits,) = store.nearest([query], k, exclude=[sorted(excluded)])
        assert [(hit.distance, hit.id, hit.key, hit.label) for hit in hits] == [
            (distance, id, *self.held[id][:2]) for distance, id in expected
        ]

    @rule()
    def publish(self) -> None:
        self.store.publish()

    @rule()
    def compact(self) -> None:
        self.store.compact()

    @rule(where=st.floats(0, 1), how=st.sampled_from(["flip", "cut", "lose", "turn into a folder"]), data=st.data())
    def damage_the_index(self, where: float, how: str, data: st.DataObject) -> None:
        files = sorted(path for path in self.store.folder.rglob("*.faiss") if path.is_file() and path.stat().st_size)
        if not files:
            return
        path = data.draw(st.sampled_from(files), label="file")
        whole = path.read_bytes()
        place = int(where * (len(whole) - 1))
        if how == "flip":
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        elif how == "cut":
            path.write_bytes(whole[:place])
        else:
            path.unlink()
            if how != "lose" and path.parent.name == "index":
                path.mkdir()

    @rule(query=POINT)
    def reopen(self, query: tuple[int, ...]) -> None:
        self.store.close()
        self.store = Store.open(self.store.folder, writing=True)
        self.compare_nearest(self.store, query, 5, set())

    @rule()
    def read_from_elsewhere(self) -> None:
        with Store.open(self.store.folder) as reader:
            self.compare(reader)

    @rule(go_on_there=st.booleans())
    def back_up(self, go_on_there: bool) -> None:
        self.copies += 1
        copy = self.folder / f"copy {self.copies}"
        self.store.backup(copy)
        with Store.open(copy) as store:
            assert store.verify() == []
            self.compare(store)
        if go_on_there:
            self.store.close()
            self.store = Store.open(copy, writing=True)

    @rule()
    def repair(self) -> None:
        self.store.repair()
        assert self.store.verify() == []

    @invariant()
    def it_holds_as_many(self) -> None:
        if hasattr(self, "store"):
            assert len(self.store) == len(self.held)


TestStoreAndDictionary = StoreAndDictionary.TestCase
TestStoreAndDictionary.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
