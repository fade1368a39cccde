"""Every read of a whole store beside a writer and others who query: all get on, and nothing is wrong."""

from pathlib import Path

import pytest

from benchmarks.durability.long_readers.long_readers_report import LongRead, LongReadersReport, read_beside_writer
from benchmarks.durability.long_readers.participants import LONG_READS
from benchmarks.durability.long_readers.read_transactions import read_transactions
from storage import Store
from tests.durability.tables import shown
from tests.storage.stores import line_store


def test_nobody_fails_or_reads_anything_wrong_beside_a_long_reader() -> None:
    names = ("verify", "export", "backup")
    assert set(names) <= LONG_READS.keys()
    report = read_beside_writer(2000, names)
    assert (report.items, report.failures, tuple(report.reads)) == (2000, [], names)
    for read in report.reads.values():
        assert min(read.transactions, read.commits, read.queries) >= 1
        assert 0 < read.longest_transaction_s <= read.seconds


def test_the_transactions_of_one_store_are_measured(tmp_path: Path) -> None:
    folder = line_store(tmp_path)
    with read_transactions(folder) as seconds, read_transactions(tmp_path) as others, Store.open(folder) as store:
        begun = len(seconds)
        store.last_batch()
        assert len(seconds) == begun + 1
    with Store.open(folder):
        assert (len(seconds), others) == (begun + 1, [])


@pytest.mark.parametrize(("failures", "longest", "ok"), [([], 1.0, True), ([], 1.001, False), (["a line"], 0.5, False)])
def test_a_failure_or_a_long_transaction_fails_the_report(failures: list[str], longest: float, ok: bool) -> None:
    read = LongRead(2.0, longest, 30, 4, 0.25, 500, 0.125)
    report = LongReadersReport(1234, {"verify": read}, failures)
    assert report.ok is ok
    assert report.as_json()["ok"] is ok
    text = " ".join(shown(report.table()))
    assert "Long readers of 1,234 vectors beside a writer and 2 others" in text
    assert f"longest of 30 transactions {longest:.3f} s, of 4 commits 0.250 s, of 500 queries 0.125 s" in text
    assert all(line in text for line in failures)
