"""Jobs and their rejects are written in the same transaction as their batches."""

from dataclasses import replace
from pathlib import Path

import pytest

from storage import Embedding, Job, JobUpdate, NewItem, Rejected, Store
from storage.errors import InvalidVectors


def test_a_jobs_counts_and_rejects_are_written_with_its_batch(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", Embedding(2, "f" * 64)) as store:
        assert (store.next_job(), store.jobs(), store.rejects()) == (1, [], [])
        job = Job(1, "folder:pictures", total=5, added=1, rejected=2)
        store.append([NewItem("a", b"c")], [[0, 0]], JobUpdate(job, [Rejected("c", "cut"), Rejected("b", "empty")]))
        assert (store.jobs(), len(store)) == ([job], 1)
        done = replace(job, added=3, finished=True)
        store.append([NewItem("d", b"c"), NewItem("b", b"c")], [[1, 0], [2, 0]], JobUpdate(done, resolved=["b", "d"]))
    with Store.open(tmp_path / "store") as reopened:
        assert reopened.jobs() == [done]
        assert reopened.rejects() == [Rejected("c", "cut")]
        assert reopened.next_job() == 2
        assert reopened.verify() == []


def test_what_a_job_changed_without_embedding_is_counted(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", Embedding(2, "f" * 64)) as store:
        job = Job(1, "folder:pictures", total=5, added=1, moved=1)
        store.append([], [], JobUpdate(job))
        other = Job(2, "folder:pictures", total=5)
        store.append([], [], JobUpdate(other))
        assert store.jobs() == [job, other]
        done = replace(job, moved=2, relabelled=3, pruned=4, finished=True)
        store.append([], [], JobUpdate(done))
        assert store.jobs() == [done, other]


def test_a_job_that_stored_nothing_is_recorded_without_a_batch(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", Embedding(2, "f" * 64)) as store:
        job = Job(1, "folder:pictures", total=1, rejected=1, finished=True)
        assert store.append([], [], JobUpdate(job, [Rejected("a", "empty")])).ids == ()
        assert store.info().batches == 0
        again = replace(job, number=2)
        store.append([], [], JobUpdate(again, [Rejected("a", "cut")]))
        assert store.jobs() == [job, again]
        assert (store.rejects(), store.rejects(1), store.rejects(2)) == (
            [Rejected("a", "cut")],
            [],
            [Rejected("a", "cut")],
        )


def test_a_job_update_is_not_written_without_its_batch(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store", Embedding(2, "f" * 64)) as store:
        update = JobUpdate(Job(1, "folder:pictures", total=1), [Rejected("a", "empty")])
        with pytest.raises(InvalidVectors):
            store.append([NewItem("b", b"c")], [[float("nan"), 0]], update)
        assert (store.jobs(), store.rejects(), len(store)) == ([], [], 0)


def test_rejects_that_a_database_could_not_hold_are_stored_escaped_and_shortened(tmp_path: Path) -> None:
    long = "é" * 2000
    rejects = [Rejected("a", "cut \0"), Rejected("b", "caf\udce9"), Rejected(long, "long")]
    job = Job(1, "(film \0)", total=3, rejected=3)
    with Store.create(tmp_path / "store", Embedding(2, "f" * 64)) as store:
        store.append([], [], JobUpdate(job, rejects))
        (stored,) = store.jobs()
        assert stored == replace(job, source=r"'(film \x00)'")
        *short, shortened = store.rejects()
        assert short == [Rejected("a", r"'cut \x00'"), Rejected("b", r"'caf\udce9'")]
        assert (shortened.key[:329], len(shortened.key), shortened.reason) == ("é" * 325 + "... ", 393, "long")
        store.append([], [], JobUpdate(job, resolved=["a", long]))
        assert store.rejects() == [Rejected("b", r"'caf\udce9'")]
