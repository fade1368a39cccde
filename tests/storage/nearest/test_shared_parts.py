"""Parts are computed by whichever thread comes first: no result depends on which, and the caller never waits."""

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from storage import Embedding, Store
from storage.errors import StoreClosed
from storage.nearest import exact
from storage.nearest.shared_parts import WORKERS, Workers
from tests.processes import printed_by
from tests.storage.nearest.searches import as_lists, comparing, flat, oracle
from tests.storage.stores import oracle_items, random_vectors

#: Seconds after which a test gives up on another thread.
LONG = 60


@pytest.fixture
def workers() -> Iterator[Workers]:
    workers = Workers()
    yield workers
    workers.stop()


class Stage:
    """Parts of which workers compute the last one, and only while the test lets them; the caller waits for a start."""

    def __init__(self) -> None:
        self.caller = threading.get_ident()
        self.started, self.may_go_on, self.done = threading.Event(), threading.Event(), threading.Event()
        self.by_workers: list[int] = []

    def compute(self, part: int) -> list[int]:
        if threading.get_ident() == self.caller:
            assert self.started.wait(LONG)
            return [part]
        self.by_workers.append(part)
        self.started.set()
        assert self.may_go_on.wait(LONG)
        self.done.set()
        return [part]


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("count", [1, 2, 100])
def test_results_are_in_the_order_of_the_parts(workers: Workers, count: int, threads: int) -> None:
    for _ in range(50):
        assert workers.compute(lambda part: [part], count, threads) == [[part] for part in range(count)]


def test_the_caller_computes_the_part_that_a_late_worker_is_at(workers: Workers) -> None:
    stage = Stage()
    results = workers.compute(stage.compute, 3, threads=2)
    assert (results, stage.by_workers) == ([[0], [1], [2]], [2])
    last = results[2]
    stage.may_go_on.set()
    assert stage.done.wait(LONG)
    workers.stop()
    assert results[2] is last


def test_while_a_worker_is_late_others_are_served_without_it(workers: Workers) -> None:
    stage = Stage()
    workers.compute(stage.compute, 3, threads=2)
    assert workers.compute(lambda part: (part, threading.get_ident()), 2, threads=2) == [
        (0, stage.caller),
        (1, stage.caller),
    ]
    stage.may_go_on.set()


def test_a_part_that_fails_in_a_worker_is_computed_again_and_the_worker_goes_on(workers: Workers) -> None:
    failed = threading.Event()
    caller = threading.get_ident()

    def compute(part: int) -> int:
        if threading.get_ident() != caller:
            failed.set()
            raise MemoryError
        assert failed.wait(LONG)
        return part

    for _ in range(3):
        assert workers.compute(compute, 4, threads=2) == [0, 1, 2, 3]
        assert failed.is_set()
        wait_for_idle(workers)
        failed.clear()


def test_the_error_of_a_part_is_the_callers_and_ends_the_others(workers: Workers) -> None:
    computed: list[int] = []

    def fail(part: int) -> int:
        computed.append(part)
        raise ValueError(part)

    with pytest.raises(ValueError, match=r"^0$"):
        workers.compute(fail, 1000, threads=1)
    assert computed == [0]
    assert workers.compute(lambda part: part, 3, threads=2) == [0, 1, 2]


def test_workers_keep_nothing_of_what_they_computed(workers: Workers) -> None:
    class Large:
        def compute(self, part: int) -> int:
            return part

    large = Large()
    workers.compute(large.compute, 10, threads=3)
    wait_for_idle(workers)
    gone = weakref.ref(large)
    del large
    gc.collect()
    assert gone() is None


def test_where_no_thread_can_be_started_the_caller_computes_all(workers: Workers) -> None:
    with mock.patch.object(threading.Thread, "start", side_effect=RuntimeError("can't start new thread")):
        assert workers.compute(lambda part: part, 10, threads=3) == [*range(10)]


def wait_for_idle(workers: Workers) -> None:
    """Wait until all workers that were started wait for parts."""
    for _ in range(LONG * 1000):
        if len(workers._idle) == len(workers._threads):
            return
        threading.Event().wait(0.001)
    raise AssertionError("a worker is still busy")


# Searches


def test_a_query_has_the_same_answer_whichever_lists_a_worker_is_late_with() -> None:
    vectors, queries = random_vectors(3000, 64, 1), random_vectors(40, 64, 2)
    expected = [oracle(vectors, query, 5) for query in queries]
    index, late = flat(vectors), Late()
    with comparing("quantized"), mock.patch("faiss.omp_get_max_threads", return_value=4), late.workers():
        assert as_lists([exact.nearest_to(index, query, 5) for query in queries]) == expected
        with ThreadPoolExecutor(4) as pool:
            assert as_lists(pool.map(lambda query: exact.nearest_to(index, query, 5), queries)) == expected
    assert late.parts > 0


def test_vectors_may_be_dropped_while_a_worker_is_at_them() -> None:
    late = Late()
    with comparing("quantized"), mock.patch("faiss.omp_get_max_threads", return_value=4), late.workers():
        for seed in range(20):
            vectors = random_vectors(3000, 64, seed)
            index, query = flat(vectors), vectors[7] + 1
            assert as_lists([exact.nearest_to(index, query, 5)]) == [oracle(vectors, query, 5)]
            del index
    assert late.parts > 0


def test_a_store_is_closed_while_workers_are_late_with_its_queries(tmp_path: Path) -> None:
    vectors, late, folder = random_vectors(300, 64), Late(), tmp_path / "store"
    with Store.create(folder, Embedding(64, "f" * 64, {})) as store:
        store.append(oracle_items(vectors), vectors)
    with comparing("quantized"), mock.patch("faiss.omp_get_max_threads", return_value=4), late.workers():
        for _ in range(5):
            store, answered = Store.open(folder), threading.Event()

            def query(store: Store = store, answered: threading.Event = answered) -> set[int]:
                nearest = set()
                try:
                    while True:
                        nearest.add(store.nearest(vectors[7], 1)[0][0].id)
                        answered.set()
                except StoreClosed:
                    return nearest

            with ThreadPoolExecutor(2) as threads:
                answers = [threads.submit(query) for _ in range(2)]
                assert answered.wait(LONG)
                store.close()
                assert {id for answer in answers for id in answer.result(LONG)} == {7}
    assert late.parts > 0


class Late:
    """Workers that take a while before each part and after it."""

    def __init__(self) -> None:
        self.parts = 0

    def workers(self) -> Any:
        compute, workers = Workers.compute, Workers()

        def computed_late(part_of: Callable[[int], object], count: int, threads: int) -> list[object]:
            caller = threading.get_ident()

            def late(part: int) -> object:
                if threading.get_ident() == caller:
                    return part_of(part)
                self.parts += 1
                threading.Event().wait(0.0001 * (part % 5))
                result = part_of(part)
                threading.Event().wait(0.0001 * (part % 3))
                return result

            return compute(workers, late, count, threads)

        return mock.patch.object(WORKERS, "compute", computed_late)


# Processes

_SETUP = """
import os, sys, threading
from storage.nearest.shared_parts import WORKERS
started, go_on = threading.Event(), threading.Event()
main = threading.get_ident()
def compute(part):
    if threading.get_ident() == main:
        started.wait(60)
    else:
        started.set()
        go_on.wait(60)
    return part
"""


def test_a_forked_process_has_workers_of_its_own() -> None:
    code = f"""{_SETUP}
WORKERS.compute(compute, 3, 2)
if child := os.fork():
    _, status = os.waitpid(child, 0)
    go_on.set()
    sys.exit(os.waitstatus_to_exitcode(status))
started.clear()
go_on.set()
print(WORKERS.compute(compute, 3, 2), started.is_set(), flush=True)
"""
    assert printed_by(code) == "[0, 1, 2] True\n"


def test_the_interpreter_ends_after_the_part_that_a_worker_is_at() -> None:
    code = f"""{_SETUP}
print(WORKERS.compute(compute, 3, 2), flush=True)
threading.Timer(0.2, go_on.set).start()
"""
    assert printed_by(code) == "[0, 1, 2]\n"
